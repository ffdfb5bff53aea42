#!/bin/sh
# A backup now and each day, by `manage.py backup`: whole or not at all, with a manifest, the last fourteen kept. A failed one
# is tried again after ten minutes.
set -eu
while :; do
  if python manage.py backup /backups --keep 14; then
    sleep 86400
  else
    echo "THE BACKUP FAILED; the next try is in ten minutes" >&2
    sleep 600
  fi
done
