# SPDX-License-Identifier: Apache-2.0
#
# small_linux: a project with one series of kernels whose source, a tar at a file:// address, is built in a second: it has
# Linux' make targets and its way to drop options without a word, and compiles one file. What is real about kernels is in
# cases/020_kernel. Made below the current directory, as a git repository.
small_linux() {
    mkdir -p linux/scripts/kconfig linux/init kernel/6.12 kernel/config
    cat >linux/Makefile <<'MAKE'
VERSION = 6
PATCHLEVEL = 12
SUBLEVEL = 9
EXTRAVERSION =
NAME = Small
I := $(O)/arch/x86/boot
tinyconfig:
	@echo '# small' >$(O)/.config
	@echo configured >>$(O)/../configured
olddefconfig:
	@grep -v '^CONFIG_DROPPED=' $(O)/.config >$(O)/.config.new && mv $(O)/.config.new $(O)/.config
# As Linux does: an image out of objects, and what is done is not done again. What an object depends on is an option, not
# the whole configuration.
bzImage vmlinux Image: $(O)/main.o
	@mkdir -p $(I) $(O)/include/config $(O)/include/generated $(O)/scripts/basic
	@echo '/* $(CURDIR)/init/gen.c wrote $(O)/include/generated/where.h */' >$(O)/include/generated/where.h
	@$(HOSTCC) -g -o $(O)/scripts/basic/fixdep $(CURDIR)/init/main.c
	@echo 6.12.9 >$(O)/include/config/kernel.release
	@cat $(O)/main.o >$(I)/$@; echo "$$KBUILD_BUILD_TIMESTAMP $(EXTRA)" >>$(I)/$@
$(O)/tiny: FORCE
	@{ grep '^CONFIG_tiny' $(O)/.config || echo n; } >$@.new; cmp -s $@ $@.new || cp $@.new $@
FORCE:
$(O)/main.o: init/main.c $(O)/tiny
	@echo '  CC      init/main.o'
	@$(CC) -c -o $@ init/main.c
	@echo "compiled" >>$(O)/compiled
	@echo "compiled" >>$(O)/../../compilations
modules:
	@true
modules_install:
	@mkdir -p $(INSTALL_MOD_PATH)/lib/modules/6.12.9
	@echo 'a.ko:' >$(INSTALL_MOD_PATH)/lib/modules/6.12.9/modules.dep
	@echo a >$(INSTALL_MOD_PATH)/lib/modules/6.12.9/a.ko
.PHONY: FORCE tinyconfig olddefconfig bzImage vmlinux Image modules modules_install
MAKE
    echo 'int main(void) { return 0; }' >linux/init/main.c
    cat >linux/scripts/kconfig/merge_config.sh <<'SH'
#!/bin/sh
[ "$1 $2" = '-m -O' ] || exit 1
out=$3
shift 3
cat "$@" >"$out/.config.new" && mv "$out/.config.new" "$out/.config"
SH
    chmod +x linux/scripts/kconfig/merge_config.sh
    small_linux_tar
    for name in base amd64 qemu tiny; do echo "CONFIG_$name=y" >"kernel/config/$name.config"; done
    echo CONFIG_MODULES=y >>kernel/config/base.config
    printf 'org: demo\nkernels: [kernel/*]\narches: {amd64: {stage: first-class}, arm64: {stage: first-class}}\n' >rtfx.yml
    printf '/linux\n*.tar\n_*\n*.log\n' >.gitignore
    git init -q -b main .
    git config user.name a
    git config user.email a@example.org
    git add -A
    git commit -q -m first
    git tag first
}

# Packs linux/ and says so in kernel.yml; $1: more lines of it.
small_linux_tar() {
    tar --sort=name --mtime=@0 --owner=0 --group=0 -cf linux.tar linux
    cat >kernel/6.12/kernel.yml <<YML
version: "6.12"
config: ../config
arches: [amd64]
source:
  url: file://$PWD/linux.tar
  sha256: $(sha256sum <linux.tar | cut -d' ' -f1)
flavours: {qemu: {}, tiny: {targets: {amd64: vmlinux}}}
${1:-}
YML
}
