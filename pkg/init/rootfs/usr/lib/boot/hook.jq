# SPDX-License-Identifier: Apache-2.0
# Adds the hook that attaches namespaces and interfaces to a container's OCI configuration.
.hooks.createRuntime += [{path: "/usr/lib/boot/attach", args: ["attach", $bundle]}]
