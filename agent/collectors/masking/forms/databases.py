"""Clients and tools of databases, brokers and caches."""

FORMS = """
mysql|mysqldump|mysqladmin|mysqlimport|mysqlcheck|mysqlshow|mysqlslap(uhPDSeBRNj) -pSECRET
mysqlbinlog(uhPDSeBRNj) -pSECRET
mysqlpump|mysqlsh|mysql_upgrade|mysqlrepair|mysqlanalyze|mysqloptimize|mytop(uhPDSeBR) -pSECRET
mysqlhotcopy(uhPDSeBR) -pSECRET
mariadb|mariadb-dump|mariadb-admin|mariadb-check|mariadb-import|mariadb-show(uhPDSeBR) -pSECRET
mariadb-slap(uhPDSeBR) -pSECRET
mariadb-binlog|mariadb-upgrade|mariadb-backup|mariabackup|innobackupex|xtrabackup(uhPS) -pSECRET
mysqladmin|mariadb-admin password SECRET
mydumper|myloader|innotop|mycli|mysql_secure_installation|sysbench(uhPSBD) -p SECRET --pass SECRET
mysqltuner(uhPSBD) -p SECRET --pass SECRET
mysqlsh(uhPS) --dbpassword SECRET
pt-query-digest|pt-table-checksum|pt-table-sync|pt-online-schema-change|pt-archiver -p SECRET
pt-kill|pt-heartbeat -p SECRET
pt-show-grants|pt-duplicate-key-checker|pt-slave-delay|pt-mysql-summary(uhPSD) -p SECRET
pt-deadlock-logger(uhPSD) -p SECRET
mongo|mongosh|mongodump|mongorestore|mongoimport|mongoexport|mongostat|mongotop(uhdco) -p SECRET
mongofiles(uhdco) -p SECRET
redis-cli|valkey-cli|keydb-cli(hpnur) -a SECRET --pass SECRET
redis-cli|valkey-cli|keydb-cli(hpnur) auth SECRET
redis-cli|valkey-cli|keydb-cli(hpnur) auth USER SECRET
redis-cli|valkey-cli|keydb-cli(hpnur) set requirepass|masterauth SECRET
redis-benchmark(hpncdrka) -a SECRET
redis-server|valkey-server requirepass|masterauth SECRET
sqlplus|sqlplusw|sqlldr|exp|imp|expdp|impdp|rman|dgmgrl|sqlcl|clpplus|tkprof USER/SECRET@DB
sqlldr|exp|imp|expdp|impdp userid=USER/SECRET@DB
rman target|catalog|auxiliary USER/SECRET@DB
conn|connect USER/SECRET@DB
orapwd password=SECRET
dbca -sysPassword SECRET -systemPassword SECRET -dbsnmpPassword SECRET
isql|iusql DSN USER SECRET
isql -P SECRET
tsql|sqsh|bsqldb|freebcp|defncopy|datacopy|fisql(SUHpDioJCL) -P SECRET
sqlcmd|osql|bcp|mssql-cli|go-sqlcmd(SUdQqiohtlscvVrwayHKmu;--server) -P SECRET -Z SECRET -z SECRET
db2|db2cli to DB user USER using SECRET
db2 attach to NODE user USER using SECRET
db2batch|db2look|db2advis(ade) -a USER/SECRET -w SECRET
cqlsh(ukef) -p SECRET
nodetool|sstableloader|cassandra-stress|dse(hpu) -pw SECRET
influx(t;--org;--bucket) -p SECRET
couchbase-cli|cbbackupmgr|cbq|cbimport|cbexport|cbstats|cbbackup|cbrestore(uce) -p SECRET
neo4j-admin set-initial-password SECRET
cypher-shell(uad) -p SECRET
elasticsearch-users(r) useradd -p SECRET
elasticsearch-users(r) passwd -p SECRET
solr(zp) -credentials USER:SECRET
gbak|gfix|gsec|nbackup|gstat|isql-fb|fbsvcmgr -pas SECRET -pass SECRET -pw SECRET -P SECRET
hdbsql(nuidU) -p SECRET
hdbuserstore set KEY ENV USER SECRET
hdbuserstore -i set KEY ENV USER SECRET
vsql|vbr(hUdpcf) -w SECRET
nzsql|nzload(hudcf) -W SECRET -pw SECRET
beeline(unefd) -p SECRET
snowsql(auds) -p SECRET
arangosh|arangodump|arangorestore -p SECRET
dbisql|dbisqlc|dbbackup|dbping|dbvalid|dbunload -p SECRET
tarantoolctl|cartridge(u) -p SECRET
rabbitmqctl(npqHPVu;--node;--vhost) add_user|change_password|authenticate_user USER SECRET
rabbitmqadmin(npqHPVu;--node;--vhost) add_user|change_password|authenticate_user USER SECRET
rabbitmqadmin(HPVuc) -p SECRET
rabbitmqctl encode|encrypt_conf_value VALUE SECRET
mosquitto_pub|mosquitto_sub|mosquitto_rr(utmhpqi) -P SECRET
mosquitto_passwd(;) -b FILE USER SECRET
mosquitto_ctrl(uhp) -P SECRET
mqttx|mqtt|hbmqtt_pub(utmhi) -P SECRET
kafkacat|kcat(bt) -X sasl.password=SECRET -X ssl.key.password=SECRET
zkcli addauth digest USER:SECRET
activemq|artemis(u) -p SECRET
stomp|stompy(UHP) -W SECRET
hsqldb|sqltool -p SECRET
dsconf|dsidm|dsctl|dsadm|ldapconfig(Db) -w SECRET
airflow(ufler) users create -p SECRET
superset|flask fab create-admin -p SECRET
"""
