#!/bin/sh
# Makes the secrets that are missing, as files that only their owner can read:
#   secrets.sh MONGODB_FOLDER MONGODB_USER KASSA_FOLDER KASSA_USER
# Kassa gets a folder of its own, so that it never sees the keyfile or the password of root.
set -eu
umask 077
mongodb=$1 kassa=$3

# random FILE BYTES writes random hexadecimal digits, which mean the same in a keyfile, in a URI and in JSON.
random() {
	[ -s "$1" ] && return
	od -An -v -tx1 -N "$2" /dev/urandom | tr -d ' \n' >"$1.new"
	mv "$1.new" "$1"
}

random "$mongodb/keyfile" 256
random "$mongodb/root-password" 24
random "$mongodb/kassa-password" 24
random "$kassa/jwt-key" 32
# All nodes that there may be: the driver forgets those that are not in the set.
printf 'mongodb://kassa:%s@mongodb-1:27017,mongodb-2:27017,mongodb-3:27017/kassa?replicaSet=kassa' \
	"$(cat "$mongodb/kassa-password")" >"$kassa/mongodb-uri"

chown "$2" "$mongodb/keyfile" "$mongodb/root-password" "$mongodb/kassa-password"
chown "$4" "$kassa/jwt-key" "$kassa/mongodb-uri"
