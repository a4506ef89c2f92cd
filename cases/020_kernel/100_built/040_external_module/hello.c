// SPDX-License-Identifier: GPL-2.0
// The smallest module that shows that it was loaded and unloaded.
#include <linux/init.h>
#include <linux/module.h>

static int __init hello_init(void) {
  pr_alert("hello: a module of the outside\n");
  return 0;
}

static void __exit hello_exit(void) { pr_alert("hello: gone again\n"); }

module_init(hello_init);
module_exit(hello_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("says hello");
