"""Version control, packages, builds and services of developers."""

FORMS = """
svn|svnadmin|svnsync|svnrdump -p SECRET
p4(uHpc) -P SECRET
tf|tfx(;/collection) /login:USER,SECRET
cvs -d :pserver:USER:SECRET@HOST
twine|flit(ur) upload -p SECRET
poetry(Cr) publish -p SECRET
poetry config http-basic.NAME USER SECRET
poetry config pypi-token.pypi|pypi-token.NAME SECRET
composer config http-basic.HOST USER SECRET
composer config github-oauth.github.com|gitlab-token.gitlab.com|github-oauth.NAME SECRET
composer config bearer.HOST SECRET
bundle|bundler config set HOST USER:SECRET
bundle|bundler config set --global HOST USER:SECRET
bundle|bundler config HOST USER:SECRET
cargo login SECRET
nuget setapikey SECRET
nuget push FILE SECRET
nuget|dotnet push -k SECRET
dotnet(snupc) nuget push -k SECRET
dotnet(nu) nuget add|update source -p SECRET
dotnet user-secrets set NAME SECRET
mvn --encrypt-password SECRET --encrypt-master-password SECRET -ep SECRET -emp SECRET
apksigner --ks-pass pass:SECRET --key-pass pass:SECRET
keytool|jarsigner -storepass SECRET -keypass SECRET -srcstorepass SECRET -deststorepass SECRET
altool|notarytool(u) -p SECRET
xcrun(u) -p SECRET
jenkins-cli|java -auth USER:SECRET
gitlab-runner(;-u;--url) register -r SECRET -t SECRET
codecov|codecovcli|coveralls(fFn) -t SECRET
snyk auth SECRET
circleci setup --token SECRET
travis(rg) login -g SECRET
travis encrypt SECRET
sonar-scanner -Dsonar.login=SECRET -Dsonar.password=SECRET
jf|jfrog(;--url;--user) -p SECRET
osslsigncode(hnit) -pass SECRET
gpg-preset-passphrase -P SECRET
act(WPj) -s KEY=SECRET
hub(u) -p SECRET
conan user USER -p SECRET
conan(pr) remote login REMOTE USER -p SECRET
anaconda(u) login -p SECRET
fastlane(ua) -p SECRET
vsce|ovsx publish -p SECRET
huggingface-cli|hf login --token SECRET
wandb login SECRET
sentry-cli login --auth-token SECRET
dbt|prefect(k) cloud login -k SECRET
erl|rabbitmq-server -setcookie SECRET
iex|elixir --cookie SECRET
choco apikey -k SECRET
expo|eas login -p SECRET
conda token set SECRET
rbt|bugz(u) -p SECRET
"""
