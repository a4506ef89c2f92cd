# SPDX-License-Identifier: Apache-2.0
# Turns runtime.json into calls of the shell functions in `containers`; $phase: prepare, attach or cleanup. Every value
# is quoted for the shell. A verb that fails is named and remembered in $failed.

def call(verb; args): ([verb] + [args[] | . // "" | tostring | @sh] | join(" ")) as $command
  | $command + " || { failed=1; echo " + ("cannot do: " + $command | @sh) + "; }";

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

if $phase == "prepare" then
  ((.cgroups // [])[] | call("make_cgroup"; [.])),
  ((.mounts // [])[] | mount_call),
  ((.mkdir // [])[] | call("make_dir"; [.]))
elif $phase == "attach" then
  ((.bindNS // {}) | to_entries[] | select((.value // "") != "")
    | call("bind_namespace"; [(if .key == "mount" then "mnt" else .key end), .value])),
  ((.interfaces // [])[] | call("add_interface"; [.name, .add, (if .createInRoot then "root" else "" end)]))
else
  ([(.mounts // [])[].destination] | unique | reverse[] | call("unmount_one"; [.]))
end
