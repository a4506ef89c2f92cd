# SPDX-License-Identifier: Apache-2.0
# Turns runtime.json into the shell functions prepare, attach and cleanup, made of the verbs in `containers` and `attach`.
# Every value is quoted for the shell. A verb that fails is named and makes the function fail at its end.

def call(verb; args): ([verb] + [args[] | . // "" | tostring | @sh] | join(" ")) as $command
  | $command + " || { failed=1; echo " + ("failed: " + $command | @sh) + "; }";

def propagation: test("^r?(shared|slave|private|unbindable)$");

# A bind brings its propagation in the same list; a remount for the sake of propagation is no remount.
def mount_call:
  (.options // []) as $options
  | ($options | map(select(propagation)) | join(",")) as $propagation
  | ($options | map(select(propagation | not))) as $plain
  | (if .type == "bind" and ($plain | any(. == "bind" or . == "rbind") | not) then $plain + ["bind"] else $plain end) as $plain
  | (if $propagation != "" and ($plain | all(. == "remount")) then [] else $plain end) as $plain
  | ($options | map(capture("^(upperdir|workdir)=(?<dir>.*)").dir)[] | call("make_dir"; [.])),
    call("mount_one"; [(if .type == "bind" then "" else .type end), .source, .destination, ($plain | join(",")), $propagation]);

def define($name; calls): "\($name)() { failed=0", calls, "return $failed; }";

define("prepare";
  ((.cgroups // [])[] | call("make_cgroup"; [.])),
  ((.mounts // [])[] | mount_call),
  ((.mkdir // [])[] | call("make_dir"; [.]))),

[ ((.bindNS // {}) | to_entries[] | select((.value // "") != "")
    | call("bind_namespace"; [(if .key == "mount" then "mnt" else .key end), .value])),
  ((.interfaces // [])[] | call("add_interface"; [.name, .add, (if .createInRoot then "root" else "" end), .peer]))
] as $attach
| define("attach"; $attach[]),
  "needs_attach=\(if $attach == [] then "" else "yes" end)",

# Mounts outside of the bundle are for the rest of the system and stay.
define("cleanup";
  reduce ((.mounts // []) | reverse[].destination | select(startswith($bundle + "/"))) as $at ([]; . - [$at] + [$at])
  | .[] | call("unmount_one"; [.]))
