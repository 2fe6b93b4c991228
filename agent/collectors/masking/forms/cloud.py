"""Containers, clusters, clouds and their secrets."""

FORMS = """
docker|podman|nerdctl(H;--config;--context;--host) login -p SECRET
docker|podman swarm join|unlock --token SECRET
buildah|skopeo|crane|oras|regctl|img|helm|ctr login -p SECRET
skopeo|buildah|podman|bootc --creds USER:SECRET --src-creds USER:SECRET --dest-creds USER:SECRET
ctr(una) -u USER:SECRET
crictl --creds USER:SECRET
helm registry login -p SECRET
kubectl|oc|k3s|k --from-literal=KEY=SECRET
oc login -p SECRET
kubeadm --certificate-key SECRET
microk8s join URL SECRET
rancher login -t SECRET
argocd(;--username) login -p SECRET
vault|bao(;-address;-namespace;-method;-path) login SECRET
vault|bao unwrap|unseal|renew|revoke SECRET
vault|bao operator unseal SECRET
vault|bao kv put|patch PATH KEY=SECRET KEY=SECRET KEY=SECRET KEY=SECRET
vault|bao token renew|revoke|lookup SECRET
consul|nomad -token SECRET
etcdctl --user USER:SECRET
etcdctl user add USER:SECRET
etcdctl user add --new-user-password SECRET
mc|mcli alias set NAME URL ACCESS SECRET
mc|mcli config host add NAME URL ACCESS SECRET
mc|mcli admin user add NAME ACCESS SECRET
s3cmd|s3fs|s4cmd --secret_key SECRET
b2 authorize-account|authorize_account KEYID SECRET
b2 account authorize KEYID SECRET
swift(AUVv) -K SECRET
az(;-u;--username;-n;-g;--tenant) login -p SECRET
az -p SECRET
ibmcloud|bluemix(auorcg) login -p SECRET
cf|cf7|cf8(auos) login -p SECRET
cf|cf7|cf8 auth USER SECRET
cf|cf7|cf8 create-user USER SECRET
doctl -t SECRET --access-token SECRET
hcloud|scw|civo|vultr-cli|linode-cli -t SECRET
heroku config:set KEY=SECRET KEY=SECRET
fly|flyctl secrets set KEY=SECRET KEY=SECRET
fly|flyctl -t SECRET
gh(Rbeo) secret set NAME -b SECRET
gh secret set NAME --body SECRET
gh secret set -b SECRET --body SECRET
glab auth login -t SECRET
glab variable set NAME -v SECRET
pulumi(sC;--stack) config set --secret NAME SECRET
aws(;--profile;--region) configure set aws_secret_access_key|aws_session_token SECRET
aws secretsmanager create-secret|put-secret-value|update-secret --secret-string SECRET
aws ssm put-parameter --type SecureString --value SECRET
aws rds|redshift|docdb|neptune create-db-instance|modify-db-instance --master-user-password SECRET
chamber write SERVICE KEY SECRET
credstash put NAME SECRET
gopass|teller|berglas create NAME SECRET
confd|consul-template -client-key SECRET -vault-token SECRET
doppler secrets set KEY=SECRET
infisical secrets set KEY=SECRET
railway|vercel|netlify|now(t) -t SECRET
netlify env:set KEY SECRET
wrangler --api-token SECRET
ngrok authtoken SECRET
ngrok config add-authtoken SECRET
ngrok http --basic-auth USER:SECRET --auth USER:SECRET -auth USER:SECRET
zerotier-cli set_auth SECRET
netbird(mk) up -k SECRET
twingate|boundary -password SECRET
tailscale up --authkey SECRET --auth-key SECRET
cloudflared(;--url) service install SECRET
openstack --os-password SECRET
nova|glance|cinder|neutron|keystone --os-password SECRET
govc -u USER:SECRET@HOST
virt-customize|virt-builder --root-password password:SECRET --password USER:password:SECRET
virt-sysprep --root-password password:SECRET --password USER:password:SECRET
lxc|incus remote add NAME ADDRESS --password SECRET --token SECRET
ansible-vault(n) encrypt_string SECRET
salt-call|salt-ssh|salt(a) -p SECRET --passwd SECRET
knife(xi) bootstrap -P SECRET
knife ssh -P SECRET
bolt(u) -p SECRET --sudo-password SECRET
gcloud sql users|instances --password SECRET --root-password SECRET
eksctl|kops -token SECRET
"""
