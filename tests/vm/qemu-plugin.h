/* SPDX-License-Identifier: GPL-2.0-only */
/* A part of QEMU's interface for plugins, whose header Debian 12 does not have. */
#ifndef _DITTO_QEMU_PLUGIN_H
#define _DITTO_QEMU_PLUGIN_H

#include <stddef.h>
#include <linux/types.h>

typedef __u64 qemu_plugin_id_t;
struct qemu_plugin_tb;

/* QEMU calls @cb before a CPU waits for an interrupt, and after it. */
void qemu_plugin_register_vcpu_idle_cb(qemu_plugin_id_t id,
				       void (*cb)(qemu_plugin_id_t id, unsigned int cpu));
void qemu_plugin_register_vcpu_resume_cb(qemu_plugin_id_t id,
					 void (*cb)(qemu_plugin_id_t id, unsigned int cpu));
/* QEMU calls @cb for each block of instructions that it translates. */
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*cb)(qemu_plugin_id_t id,
						      struct qemu_plugin_tb *tb));
/* QEMU calls @cb before each execution of a block; @flags 0: @cb reads no registers. */
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  void (*cb)(unsigned int cpu, void *data),
					  int flags, void *data);
/* Instructions of a block, and the virtual address of the first. */
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
__u64 qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);

/* QEMU looks for these names in the plugin. */
extern int qemu_plugin_version;
int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

#endif
