#!/usr/bin/env bash
# Checks this statement with openssl and sha256sum alone: bash verify.sh
# Leaves with 0 when every check passes, 1 when one fails, 2 when a tool is missing.
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 2
for tool in openssl sha256sum sed od cut; do
    command -v "$tool" >/dev/null || { echo "verify.sh: $tool is missing: install it"; exit 2; }
done
failed=0

# report NAME STATUS: one line a check.
report() {
    if [ "$2" -eq 0 ]; then echo "PASS $1"; else echo "FAIL $1"; failed=1; fi
}

# field FILE NAME: a string member of a canonical JSON file. Quotes inside texts are escaped, so no text can pose as one.
field() { sed -n 's/.*"'"$2"'":"\([^"\\]*\)".*/\1/p' "$1"; }

# micros FILE NAME: an amount with six decimals as a whole number.
micros() { field "$1" "$2" | sed 's/\.//; s/^0*\([0-9]\)/\1/'; }

# signed FILE KEY: the detached signature beside the file.
signed() {
    openssl pkeyutl -verify -pubin -inkey "$2" -rawin -in "$1" -sigfile "$1.sig" >/dev/null 2>&1
}

fingerprint() { openssl pkey -pubin -in "$1" -outform DER 2>/dev/null | sha256sum | cut -d' ' -f1; }

# bytes HEX: the bytes of a hexadecimal text.
bytes() { printf "$(printf '%s' "$1" | sed 's/../\\x&/g')"; }

hash_of() { bytes "$1" | sha256sum | cut -d' ' -f1; }

# key KID USE FIELD: the state of a key in keyring.json, or until which entry of the log it counts (trusted_log_size).
# Reasons are people's words and are cut out first.
key() {
    sed -E 's/"reason":"([^"\]|\\.)*",//g' keyring.json | grep -o "\"kid\":\"$1\"[^}]*\"use\":\"$2\"" |
        sed -n 's/.*"'"$3"'":"\{0,1\}\([a-z0-9]*\).*/\1/p'
}

decode() { printf '%s\n' "$1" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n'; }

root=$(fingerprint root.pub.pem)
issuer=$(fingerprint issuer.pub.pem)
log=$(fingerprint log.pub.pem)

signed keyring.json root.pub.pem
report "keyring.json is signed by the root key $root" $?
grep -q "\"kid\":\"$root\"[^}]*\"state\":\"active\",\"use\":\"root\"" keyring.json
report "keyring.json names that root key" $?
case "$(key "$issuer" statement state)" in
    active) true ;;
    # What such a key signed counts only where the log held it in time.
    retired | revoked)
        end=$(key "$issuer" statement trusted_log_size)
        [ -n "$end" ] && [ "$(sed -n '2s/^index //p' statement.tlog-proof)" -lt "$end" ] &&
            [ "$(sed -n '2s/^index //p' manifest.tlog-proof)" -lt "$end" ]
        ;;
    *) false ;;
esac
report "keyring.json lets issuer.pub.pem sign statements" $?
[ "$(key "$log" log state)" = active ]
report "keyring.json lets log.pub.pem sign the log" $?
signed statement.json issuer.pub.pem
report "statement.json is signed by issuer.pub.pem" $?
[ "$(field statement.json key_id)" = "$issuer" ]
report "statement.json names that key" $?
signed manifest.json issuer.pub.pem
report "manifest.json is signed by issuer.pub.pem" $?

for file in statement.html statement.csv; do
    grep -q "\"name\":\"$file\",\"sha256\":\"$(sha256sum <"$file" | cut -d' ' -f1)\"" statement.json
    report "$file is the one that was issued" $?
done

# The sum tree: leaf = SHA256(00, run, index, amount, blind, document), node = SHA256(01, sum, hash, sum, hash).
statement=$(sha256sum <statement.json | cut -d' ' -f1)
fact() { sed -n "s/^$1 //p" sumproof.txt; }
index=$(fact index) width=$(fact leaf_count) sum=$(fact amount)
hash=$(hash_of "00$(fact run_hash)$(printf '%016x%016x' "$index" "$sum")$(fact blind)$(fact document)")
[ "$(fact document)" = "$statement" ] && [ "$sum" = "$(micros statement.json earned)" ] &&
    [ "$(fact run_hash)" = "$(printf '%s' "$(field manifest.json payout_run_id)" | sha256sum | cut -d' ' -f1)" ]
report "sumproof.txt is about this statement and its amount" $?
while read -r other_sum other_hash; do
    while [ $((index ^ 1)) -ge "$width" ] && [ "$width" -gt 1 ]; do
        index=$((index / 2)) width=$(((width + 1) / 2))
    done
    if [ $((index % 2)) -eq 0 ]; then
        hash=$(hash_of "01$(printf '%016x' "$sum")$hash$(printf '%016x' "$other_sum")$other_hash")
    else
        hash=$(hash_of "01$(printf '%016x' "$other_sum")$other_hash$(printf '%016x' "$sum")$hash")
    fi
    sum=$((sum + other_sum)) index=$((index / 2)) width=$(((width + 1) / 2))
done < <(fact node)
while [ "$width" -gt 1 ] && [ $((index ^ 1)) -ge "$width" ]; do index=$((index / 2)) width=$(((width + 1) / 2)); done
[ "$width" -eq 1 ] && [ "$hash" = "$(field manifest.json sum_root)" ] &&
    [ "$sum" = "$(micros manifest.json total_earned)" ] &&
    [ "$(field manifest.json total_earned)" = "$(field manifest.json pool_net)" ]
report "the amount is part of the run's total, and that is the whole pool" $?

# The log: its signed checkpoint, and RFC 6962 audit paths from "KIND DIGEST" to it.
checkpoint=$(sed '1,/^$/d' statement.tlog-proof)
body=$(mktemp) sig=$(mktemp)
trap 'rm -f "$body" "$sig"' EXIT
printf '%s\n' "$checkpoint" | sed '/^$/,$d' >"$body"
printf '%s\n' "$checkpoint" | sed -n 's/^— [^ ]* //p' | openssl base64 -d -A 2>/dev/null | tail -c +5 >"$sig"
openssl pkeyutl -verify -pubin -inkey log.pub.pem -rawin -in "$body" -sigfile "$sig" >/dev/null 2>&1
report "the log's checkpoint is signed by log.pub.pem" $?

# in_log FILE PROOF KIND: whether the audit path in PROOF leads from FILE's entry to the root of that checkpoint.
in_log() {
    local place last hash other line
    [ "$(sed '1,/^$/d' "$2")" = "$checkpoint" ] || return 1
    place=$(sed -n '2s/^index //p' "$2")
    last=$(($(sed -n 2p "$body") - 1))
    hash=$({ printf '\x00'; printf '%s %s\n' "$3" "$(sha256sum <"$1" | cut -d' ' -f1)"; } | sha256sum | cut -d' ' -f1)
    while read -r line; do
        other=$(decode "$line")
        if [ $((place % 2)) -eq 1 ] || [ "$place" -eq "$last" ]; then
            hash=$(hash_of "01$other$hash")
            while [ $((place % 2)) -eq 0 ] && [ "$place" -gt 0 ]; do place=$((place >> 1)) last=$((last >> 1)); done
        else
            hash=$(hash_of "01$hash$other")
        fi
        place=$((place >> 1)) last=$((last >> 1))
    done < <(sed -n '3,/^$/p' "$2" | sed '/^$/d')
    [ "$last" -eq 0 ] && [ "$hash" = "$(decode "$(sed -n 3p "$body")")" ]
}
in_log statement.json statement.tlog-proof payout-statement/v1 &&
    [ "$(sed -n 1p "$body")" = "$(field statement.json log_origin)" ]
report "the statement is in the log" $?
in_log manifest.json manifest.tlog-proof payout-manifest/v1
report "the manifest is in the log" $?

exit "$failed"
