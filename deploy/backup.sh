#!/bin/sh
# A backup now and each day: the database, and then the keys and the log's last checkpoint, in one folder that is there
# whole or not at all. The last fourteen are kept.
set -eu
umask 077
keep=14
while :; do
  PGPASSWORD=$(cat /run/secrets/database-password)
  export PGPASSWORD
  name=$(date -u +%Y-%m-%dT%H%M%SZ)
  rm -rf /backups/.new
  mkdir /backups/.new
  if pg_dump --format=custom --file=/backups/.new/joulemark.dump &&
    cp /data/platform-key.pem /data/log-key.pem /data/secret-key /backups/.new/ &&
    { [ ! -e /log/checkpoint ] || cp /log/checkpoint /backups/.new/; }; then
    mv /backups/.new "/backups/$name"
    echo "backup $name: $(du -sk "/backups/$name" | cut -f1) KiB"
    find /backups -mindepth 1 -maxdepth 1 -type d -name '2*' | sort | head -n "-$keep" | xargs -r rm -r
    sleep 86400
  else
    echo "THE BACKUP FAILED; the next try is in ten minutes" >&2
    sleep 600
  fi
done
