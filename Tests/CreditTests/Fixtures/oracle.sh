#!/bin/sh
# An evaluator for tests: players a to f are worth 1 to 6, a pair with both a and b 2 more, and a little noise comes
# from the seed.
#
#   oracle.sh [MODE MARKER]   misbehaves once, at the first task while the file MARKER does not exist:
#                             crash, hang, garbage, nan, wrong-id, missing, error; or `waits` for MARKER at every task
mode=$1
marker=$2
read -r hello || exit 1
[ "$mode" = refuse ] && { echo '{"type":"error","message":"no licence"}'; exit 0; }
echo '{"type":"ready"}'
while read -r line; do
    id=${line#*\"id\":}
    id=${id%%,*}
    seed=${line#*\"seed\":}
    seed=${seed%%,*}
    members=${line#*\"coalition\":[}
    members=${members%%]*}
    if [ "$mode" = waits ]; then
        until [ -e "$marker" ]; do sleep 0.02; done
    elif [ -n "$mode" ] && [ ! -e "$marker" ]; then
        : >"$marker"
        case $mode in
            crash) exit 7 ;;
            hang) exec sleep 60 ;;
            garbage) echo 'Traceback (most recent call last):' ;;
            nan) echo "{\"type\":\"value\",\"id\":$id,\"values\":{\"v\":NaN}}" ;;
            huge) echo "{\"type\":\"value\",\"id\":$id,\"values\":{\"v\":1e999}}" ;;
            wrong-id) echo "{\"type\":\"value\",\"id\":9999,\"values\":{\"v\":1}}" ;;
            missing) echo "{\"type\":\"value\",\"id\":$id,\"values\":{\"w\":1}}" ;;
            error) echo "{\"type\":\"error\",\"id\":$id,\"message\":\"out of memory\",\"retry\":true}" ;;
            fatal) echo "{\"type\":\"error\",\"id\":$id,\"message\":\"unknown contributor\",\"retry\":false}" ;;
        esac
        continue
    fi
    worth=0
    for letter in a b c d e f; do
        worth_of=$((${worth_of:-0} + 1))
        case $members in *\"$letter\"*) worth=$((worth + worth_of)) ;; esac
    done
    worth_of=0
    case $members in *\"a\"*\"b\"*) worth=$((worth + 2)) ;; esac
    thousandths=$((worth * 1000 + seed % 100))
    echo "{\"type\":\"value\",\"id\":$id,\"values\":{\"v\":${thousandths}e-3},\"variances\":{\"v\":0.001},\"seconds\":0.5}"
done
