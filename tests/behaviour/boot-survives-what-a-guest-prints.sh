#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Guests that flood the console, never print, never end a line or fill their memory: the clock, memory, disk and terminal hold.
. "$RTFX_SOURCE/tests/lib/guests.sh"
boot="$RTFX boot --arch amd64 --mem 64 --accel tcg"
export TERM=xterm

guest lines 'all work and no play\r\n' repeat
expect_exit 1 $boot --expect never --timeout 1 lines
expect_output '^rtfx: boot: failed: timed out after 1\.[0-9] s '
guest endless 'x' repeat
expect_exit 1 $boot --expect 'xy$' --timeout 1 --silence 1 endless
expect_output '^rtfx: boot: failed: timed out after 1\.[0-9] s '
[ "$(grep -c '^    x' output)" -le 20 ] || fail 'too many last lines'
[ "$(tail -n 21 output | wc -c)" -le 10000 ] || fail 'the last lines are too long'
guest eater 'hungry\r\n' eat
expect_exit 1 $boot --expect never --silence 1 eater
expect_output '^rtfx: boot: failed: silent '
guest mute '' halt
expect_exit 1 $boot --expect x --silence 1 mute
expect_output '^rtfx: boot: the console stayed empty$'

# 100 MB of garbage, faster than a guest without KVM can write it.
cat >flood <<'SH'
#!/bin/sh
head -c 50000000 /dev/zero | tr '\0' '\377'
i=0
while [ $i -lt 3 ]; do cat block; i=$((i + 1)); done
printf '\nDONE\n'
exec sleep 60
SH
chmod +x flood
head -c 16777216 /dev/urandom >block
"$RTFX" boot --arch amd64 --accel tcg --qemu ./flood --expect '^DONE' --console-log log --console-times times --log-limit 3 --timeout 100 lines >/dev/null 2>output &
pid=$!
peak=0
while kill -0 "$pid" 2>/dev/null; do
    now=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status" 2>/dev/null) && [ -n "$now" ] && peak=$now
    sleep 0.2
done
wait "$pid" || { cat output >&2; fail 'DONE was not seen'; }
[ "$peak" -gt 0 ] && [ "$peak" -le 65536 ] || fail "rtfx needed $peak KB"
for file in log times; do
    [ "$(wc -c <$file)" -le 3145828 ] || fail "$file has $(wc -c <$file) bytes"
    grep -qa '^\[rtfx: [0-9]* bytes are left out here\]$' $file || fail "$file does not tell what is missing"
done
[ "$(tail -c 6 log)" = "$(printf '\nDONE')" ] || fail 'the end is not in the log'
tail -n 1 times | grep -qaE '^ +[0-9]+\.[0-9]{3}  DONE$' || fail "the last line with a time: $(tail -n 1 times)"
expect_output '^rtfx: boot: [0-9]+ bytes in the middle of the console are not in its log'

# Nobody reads the output: the time limit holds all the same.
mkfifo stuck
sleep 20 <stuck &
reader=$!
code=0
timeout 15 $boot --timeout 3 --json lines >json 2>output || code=$?
[ "$code" -eq 1 ] || fail "exit $code"
$boot --timeout 3 lines >stuck 2>output &
pid=$!
sleep 5
[ -z "$(processes_with '-kernel lines-kernel')" ] || fail 'the guest goes on while nobody reads'
kill "$reader"
wait "$pid" || :

# Times: when a line began, and what the guest's own clock says.
guest timed '[    0.000000] Linux\r\nlogin: ' halt
expect_exit 0 $boot --expect 'login: $' --console-times times timed
sed -n 1p times | grep -qE '^ +0\.[0-9]{3}  \[    0\.000000\] Linux$' || fail "the first line is $(sed -n 1p times)"
sed -n 2p times | grep -qE '^ +0\.[0-9]{3}  login: $' || fail "the last line is $(sed -n 2p times)"

# A terminal that only looks on gets text and colours; with -i it gets everything.
guest rude 'a\033[31mred\033[2J\033]0;title\a\033[6n\033c\0016b\r\n\0303\0251\0377\0302\0233z\r\nend\r\n' halt
script -qec "$boot --expect end rude" screen </dev/null >/dev/null
tr -d '\r' <screen | grep -q "^$(printf 'a\033\\[31mredb')\$" || { od -c screen >&2; fail 'the terminal got something else'; }
tr -d '\r' <screen | grep -q "^$(printf '\303\251??z')\$" || { od -c screen >&2; fail 'the terminal got odd characters'; }
grep -q "$(printf '\033\\[0m')" screen || fail 'the colours stay'
script -qec "$boot -i --expect end rude" screen </dev/null >/dev/null
grep -qa "$(printf '\033\\[2J')" screen || fail '-i does not pass everything'
