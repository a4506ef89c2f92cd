#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every mistake in an image YAML is one line with its place and exit code 2, and nothing is written.
. "$RTFX_SOURCE/tests/lib/images.sh"
mkdir out

refused() { # FILE REGEX
    expect_exit 2 "$RTFX" build --offline --arch amd64 --dir out "$1"
    expect_output "^rtfx: $2"
    [ "$(wc -l <output)" -eq 1 ] || { cat output >&2; fail "$1: not one line"; }
    [ -z "$(ls out)" ] || fail "$1: something was written: $(ls out)"
}

# LINE | what the message says | YAML, with \n between its lines
rows=0
while IFS='|' read -r line message text; do
    case $line in '' | '#'*) continue ;; esac
    printf '%b\n' "$text" >bad.yml
    refused bad.yml "bad\\.yml:$line: $message"
    rows=$((rows + 1))
done <<'ROWS'
1|image: unknown key "kernl"; did you mean "kernel"\?|kernl: {image: a}
1|expected the description of an image|
1|expected the description of an image .*, got a list|- a
1|expected the description of an image .*, got "text"|text
2|the key "init" is there twice|init: [a]\ninit: [b]
4|the key "name" is there twice|services:\n- name: a\n  image: b\n  name: c
3|a second document|init: [a]\n---\ninit: [b]
2|not valid YAML: end of sequence flow not found|init: [a
2|not valid YAML|init:\n\t- a
1|not valid YAML: the referenced anchor|init: [*nobody]
1|too large once its aliases are expanded|init: &a\n  - *a
1|a key must be a plain word|? [a, b]\n: c
# kernel
1|kernel: expected a map, got a list|kernel: [a]
2|kernel.cmdline: expected a string, got a list|kernel:\n  cmdline: [a]\n  image: b
2|kernel: unknown key "command"|kernel:\n  command: a\n  image: b
1|kernel.image: expected the reference of an image, got "a b"|kernel: {image: a b}
# init
1|init: expected a list, got "a"|init: a
2|init\[0\]: expected the reference of an image, got a map|init:\n- image: a
2|@pkg:nowhere: |init:\n- "@pkg:nowhere"
# containers
1|services: expected a list, got a map|services: {name: a, image: b}
2|services\[0\]: expected a map, got "a"|services:\n- a
2|onboot\[0\]: "name" is missing|onboot:\n- image: a
2|onshutdown\[0\]: "image" is missing|onshutdown:\n- name: a
2|services\[0\].name: expected letters, digits|services:\n- {name: a/../../b, image: c}
3|services: there is another service "a"|services:\n- {name: a, image: b}\n- {name: a, image: b}
4|services\[0\]: unknown key "comand"; did you mean "command"\?|services:\n- name: a\n  image: b\n  comand: [x]
4|services\[0\].command: expected a list of strings, got "x"|services:\n- name: a\n  image: b\n  command: x
4|services\[0\].command: expected a string, got a list|services:\n- name: a\n  image: b\n  command: [[x]]
4|services\[0\].readonly: expected true or false, got "yes"|services:\n- name: a\n  image: b\n  readonly: yes
4|services\[0\].noNewPrivileges: expected true or false, got "true"|services:\n- name: a\n  image: b\n  noNewPrivileges: "true"
4|services\[0\].oomScoreAdj: expected a whole number, got "ten"|services:\n- name: a\n  image: b\n  oomScoreAdj: ten
4|services\[0\].oomScoreAdj: expected a number from -1000 to 1000|services:\n- name: a\n  image: b\n  oomScoreAdj: 5000
4|services\[0\].capabilities: unknown capability "CAP_SYS_ADMN"; did you mean "CAP_SYS_ADMIN"\?|services:\n- name: a\n  image: b\n  capabilities: [CAP_SYS_ADMN]
4|services\[0\].ambient: unknown capability "all"|services:\n- name: a\n  image: b\n  ambient: [all, CAP_CHOWN]
4|services\[0\].binds: expected SOURCE:DESTINATION|services:\n- name: a\n  image: b\n  binds: [/a]
4|services\[0\]: there is no volume "data"|services:\n- name: a\n  image: b\n  binds: ["data:/data"]
4|services\[0\].mounts\[0\]: unknown key "optoins"; did you mean "options"\?|services:\n- name: a\n  image: b\n  mounts: [{destination: /a, type: tmpfs, optoins: [ro]}]
4|services\[0\].mounts\[0\]: the mount for destination /a is missing type|services:\n- name: a\n  image: b\n  mounts: [{destination: /a}]
4|services\[0\].tmpfs: expected DESTINATION|services:\n- name: a\n  image: b\n  tmpfs: ["a:b:c"]
4|services\[0\].devices\[0\].mode: expected an octal file mode|services:\n- name: a\n  image: b\n  devices: [{path: /dev/a, type: c, mode: rw}]
4|services\[0\].devices\[0\].type: expected b|services:\n- name: a\n  image: b\n  devices: [{path: /dev/a, type: x, mode: "0600"}]
4|services\[0\].devices\[0\].major: expected a whole number|services:\n- name: a\n  image: b\n  devices: [{path: /dev/a, type: c, major: x, mode: "0600"}]
4|services\[0\].rlimits: unknown limit "nofil"|services:\n- name: a\n  image: b\n  rlimits: ["nofil,1,2"]
4|services\[0\].uid: expected a number from 0|services:\n- name: a\n  image: b\n  uid: -1
2|services\[0\].uid: there is no container "nobody"|services:\n- name: a\n  image: b\n  uid: nobody
4|services\[0\].additionalGids: expected a list|services:\n- name: a\n  image: b\n  additionalGids: 5
4|services\[0\].sysctl: expected a map, got a list|services:\n- name: a\n  image: b\n  sysctl: [a]
4|services\[0\].annotations: k: expected a string, got a list|services:\n- name: a\n  image: b\n  annotations: {k: [v]}
4|services\[0\].uidMappings\[0\].hostID: expected a whole number|services:\n- name: a\n  image: b\n  uidMappings: [{containerID: 0, hostID: x, size: 1}]
4|services\[0\].gidMappings\[0\]: unknown key "hostId"; did you mean "hostID"\?|services:\n- name: a\n  image: b\n  gidMappings: [{containerID: 0, hostId: 1, size: 1}]
4|services\[0\].resources.memory: unknown key "limits"; did you mean "limit"\?|services:\n- name: a\n  image: b\n  resources: {memory: {limits: 1}}
4|services\[0\].resources.pids.limit: expected a whole number, got "many"|services:\n- name: a\n  image: b\n  resources: {pids: {limit: many}}
4|services\[0\].runtime.mkdir: expected a list of strings, got "/x"|services:\n- name: a\n  image: b\n  runtime: {mkdir: /x}
4|services\[0\].runtime.bindNS: unknown key "nett"; did you mean "net"\?|services:\n- name: a\n  image: b\n  runtime: {bindNS: {nett: /x}}
4|services\[0\].runtime.interfaces\[0\]: "name" is missing|services:\n- name: a\n  image: b\n  runtime: {interfaces: [{add: veth}]}
# volumes
2|volumes\[0\].name: expected lower-case letters|volumes:\n- name: A
3|volumes\[1\].name: there is another volume "a"|volumes:\n- name: a\n- name: a
2|volumes\[0\].format: expected filesystem or oci, got "ext4"|volumes:\n- {name: a, format: ext4}
2|volumes\[0\].platforms: expected OS/ARCH such as linux/arm64, got "arm64"|volumes:\n- {name: a, platforms: [arm64]}
# files
2|files\[0\]: "path" is missing|files:\n- contents: a
2|files\[0\]: a needs one of directory|files:\n- path: a
2|files\[0\]: a needs exactly one of|files:\n- {path: a, contents: b, source: c}
2|files\[0\].path: the path "\.\./a" has "\.\."|files:\n- {path: ../a, contents: b}
2|files\[0\].mode: expected an octal file mode such as "0644", got "rw"|files:\n- {path: a, contents: b, mode: rw}
2|files\[0\].metadata: expected yaml or json, got "toml"|files:\n- {path: a, metadata: toml}
2|files\[0\].directory: expected true or false|files:\n- {path: a, directory: 1, contents: b}
2|files\[0\].uid: there is no container "who"|files:\n- {path: a, contents: b, uid: who}
1|trust: unknown key "orgs"; did you mean "org"\?|trust: {orgs: [a]}
ROWS
[ $rows -gt 60 ] || fail "only $rows rows were read"

# What no table can hold.
{ printf 'init: '; head -c 500 /dev/zero | tr '\0' '['; head -c 500 /dev/zero | tr '\0' ']'; } >deep.yml
refused deep.yml 'deep.yml:1: nested too deeply'
i=0
while [ $i -lt 500 ]; do
    printf '%*sa:\n' $i ''
    i=$((i + 1))
done >deep-map.yml
refused deep-map.yml 'deep-map.yml:[0-9]*: nested too deeply'
{
    echo 'a: &a [x, x, x, x, x, x, x, x, x]'
    before=a
    for name in b c d e f g h i j; do
        echo "$name: &$name [*$before, *$before, *$before, *$before, *$before, *$before, *$before, *$before, *$before]"
        before=$name
    done
} >bomb.yml
refused bomb.yml 'bomb.yml:1: too large once its aliases are expanded'
{ echo 'files:'; printf -- '- {path: a, contents: "'; head -c 10000000 /dev/zero | tr '\0' x; echo '", mode: x}'; } >large.yml
refused large.yml 'large.yml:2: files\[0\].mode: expected an octal file mode'
head -c 17000000 /dev/zero | tr '\0' x >too-large.yml
refused too-large.yml 'too-large.yml: more than 16 MiB'
refused - 'an image.s YAML is not typed in|\(standard input\):1: expected' </dev/null
head -c 100000 /dev/urandom >garbage.yml
refused garbage.yml 'garbage.yml:[0-9]*: (not UTF-8|not valid YAML)'
printf 'files:\n- {path: a, contents: "\377\376"}\n' >latin.yml
refused latin.yml 'latin.yml:2: not UTF-8'
printf '"\\e[31mred\\n": x\n' >escapes.yml
refused escapes.yml 'escapes.yml:1: image: unknown key "\\x1b\[31mred\\x0a"'
mkdir folder.yml
refused folder.yml 'reading folder.yml: Is a directory'
refused missing.yml 'reading missing.yml: No such file'
mkfifo pipe.yml
(echo 'inits: []' >pipe.yml) &
refused pipe.yml 'pipe.yml:1: image: unknown key "inits"'
