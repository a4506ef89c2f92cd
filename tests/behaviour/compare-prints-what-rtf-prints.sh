#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Of runs with the same tests rtf's lines are kept; ours has one column and one line more.
. "$RTFX_SOURCE/tests/lib/cases.sh"
summary_of() { # ID RESULT DURATION
    cat >"$1.json" <<EOF
{"id":"$1","start":"2026-11-20T12:18:25.52099703Z","end":"2026-11-20T12:18:25.547835595Z",
 "system":{"os":"linux","name":"Debian","version":"12","arch":"amd64","model":"UNKNOWN","cpu":"AMD EPYC","memory":25276502016},
 "results":[{"name":"top.g.a","result":0,"duration":987579},
            {"name":"top.g.b","result":0,"benchmark":"7 MB/s","duration":930744},
            {"name":"top.c","result":$2,"duration":$3}]}
EOF
}
summary_of one 0 840239
summary_of two 1 2840239000
tab=$(printf '\t')
expect_exit 0 "$RTFX" compare one.json two.json
cat >wanted <<EOF
Name${tab}one.json${tab}two.json${tab}Change
top.g.a${tab}Pass (0.00s)${tab}Pass (0.00s)${tab}
top.g.b${tab}7 MB/s${tab}7 MB/s${tab}
top.c${tab}Pass (0.00s)${tab}Fail (2.84s)${tab}broke
1 broke
EOF
tr -s '\t' <output >got
expect_same "the table" wanted got
expect_exit 0 "$RTFX" compare --csv one.json two.json
cat >wanted <<EOF
ID,one,two
Start Time,2026-11-20T12:18:25Z,2026-11-20T12:18:25Z
End Time,2026-11-20T12:18:25Z,2026-11-20T12:18:25Z
OS,Debian 12 (amd64),Debian 12 (amd64)
Hardware,UNKNOWN CPU:AMD EPYC 23 GB,UNKNOWN CPU:AMD EPYC 23 GB
Name,,,Change
top.g.a,Pass (0.00s),Pass (0.00s),
top.g.b,7 MB/s,7 MB/s,
top.c,Pass (0.00s),Fail (2.84s),broke
EOF
expect_same "the CSV" wanted output
