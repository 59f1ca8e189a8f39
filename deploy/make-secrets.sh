#!/bin/sh
# Makes what secured.compose.yml needs: an authority, certificates for Redis and Rollcall, passwords and their ACL.
#   deploy/make-secrets.sh [directory]    default: deploy/secrets
# Nothing is overwritten. Containers run as users of their own and must be able to read the files: keep the directory
# on a machine that only operators log in to.
set -eu
umask 022
here=$(cd "$(dirname "$0")" && pwd)
directory=${1:-$here/secrets}
if [ -e "$directory" ]; then
  echo "$directory exists already" >&2
  exit 1
fi
mkdir -p "$directory"
cd "$directory"

new_key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
openssl req -x509 $new_key -days 3650 -subj '/CN=Rollcall Redis CA' -keyout ca.key -out ca.pem \
  -addext basicConstraints=critical,CA:TRUE 2>/dev/null
for name in redis rollcall; do
  openssl req -x509 $new_key -days 825 -subj "/CN=$name" -CA ca.pem -CAkey ca.key -keyout $name.key -out $name.pem \
    -addext "subjectAltName=DNS:$name,DNS:localhost,IP:127.0.0.1" \
    -addext basicConstraints=critical,CA:FALSE 2>/dev/null
done
chmod 600 ca.key
chmod 644 redis.key rollcall.key

cp "$here/redis/users.acl" users.acl
for user in ROLLCALL REPLICA SENTINEL; do
  password=$(openssl rand -hex 32)
  hash=$(printf %s "$password" | openssl dgst -sha256 -r | cut -d ' ' -f 1)
  sed "s/@$user@/$hash/" users.acl > users.acl.part
  mv users.acl.part users.acl
  name=$(echo $user | tr '[:upper:]' '[:lower:]')
  printf '%s\n' "$password" > "$name.password"
  chmod 600 "$name.password"
done
printf 'rediss://rollcall:%s@redis:6379\n' "$(cat rollcall.password)" > redis-url
