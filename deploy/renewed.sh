#!/bin/sh
# Run by certbot after each certificate that it got: puts it where the proxy reads it. The proxy looks at it twice a day;
# `docker compose exec proxy nginx -s reload` makes it look at once.
set -eu
for name in fullchain.pem privkey.pem; do
  cp -L "$RENEWED_LINEAGE/$name" "/tls/.$name"
  chmod 0644 "/tls/.$name"
  mv "/tls/.$name" "/tls/$name"
done
