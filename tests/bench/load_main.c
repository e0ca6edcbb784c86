// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control file of the load generator, ditto_load/run in debugfs.
 *
 * Writing a line of KEY=VALUE pairs carries a run out and returns when it is
 * over; reading the same open file tells what came out of its last one:
 *
 *	server=127.0.0.1 port=2049 op=lookup fh=0100... name=file count=20000
 *	outstanding=8
 *
 * Operations of version 4.1 need a session besides, see tests/bench/guest4.py; those of SMB
 * a connection that the writer has authenticated, fd=N, and the keys of its session if they
 * are signed or encrypted, see tests/bench/guest_smb.py.
 *
 * The server is looked for in the writer's network namespace. Runs of several open files go on at
 * the same time, each on a CPU of its own if its line has pin=CPU.
 *
 * Locking: the lock of a file serializes its runs and covers the last one.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/file.h>
#include <linux/hex.h>
#include <linux/inet.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include <uapi/linux/sched/types.h>

#include "load.h"

#define LOAD_LINE_MAX	1024

static struct dentry *load_dir;

/* An open control file. */
struct load_file {
	struct mutex lock;	/* held during a run */
	struct load_run last;
};

/* A run that its own thread carries out. */
struct load_job {
	struct load_run *run;
	struct completion done;
};

static int load_parse_fh(struct load_run *run, const char *hex)
{
	size_t len = strlen(hex);

	if (len % 2 || len / 2 > sizeof(run->fh) || hex2bin(run->fh, hex, len / 2))
		return -EINVAL;
	run->fh_len = len / 2;
	return 0;
}

static int load_parse_hex(u8 *bytes, size_t size, const char *hex)
{
	return strlen(hex) == 2 * size ? hex2bin(bytes, hex, size) : -EINVAL;
}

static int load_parse_fd(struct load_run *run, const char *value)
{
	int fd, err;

	if (run->sock || kstrtoint(value, 0, &fd))
		return -EINVAL;
	run->sock = sockfd_lookup(fd, &err);
	return run->sock ? 0 : err;
}

/* ALGORITHM:KEY */
static int load_parse_sign(struct load_run *run, const char *value)
{
	if (strstarts(value, "cmac:"))
		run->sign = LOAD_SIGN_CMAC;
	else if (strstarts(value, "gmac:"))
		run->sign = LOAD_SIGN_GMAC;
	else
		return -EINVAL;
	return load_parse_hex(run->sign_key, sizeof(run->sign_key), value + strlen("cmac:"));
}

/* The key of calls, then that of answers. */
static int load_parse_seal(struct load_run *run, const char *value)
{
	u8 keys[2 * LOAD_KEY_SIZE];

	if (load_parse_hex(keys, sizeof(keys), value))
		return -EINVAL;
	memcpy(run->out_key, keys, LOAD_KEY_SIZE);
	memcpy(run->in_key, keys + LOAD_KEY_SIZE, LOAD_KEY_SIZE);
	run->sealed = true;
	return 0;
}

static int load_parse_one(struct load_run *run, const char *key, const char *value)
{
	if (!strcmp(key, "server"))
		return in4_pton(value, -1, (u8 *)&run->addr, -1, NULL) ? 0 : -EINVAL;
	if (!strcmp(key, "port"))
		return kstrtou16(value, 0, &run->port);
	if (!strcmp(key, "fh"))
		return load_parse_fh(run, value);
	if (!strcmp(key, "session"))
		return load_parse_hex(run->session, sizeof(run->session), value);
	if (!strcmp(key, "stateid"))
		return load_parse_hex(run->stateid, sizeof(run->stateid), value);
	if (!strcmp(key, "tree"))
		return kstrtou32(value, 0, &run->tree);
	if (!strcmp(key, "mid"))
		return kstrtou64(value, 0, &run->mid);
	if (!strcmp(key, "fd"))
		return load_parse_fd(run, value);
	if (!strcmp(key, "clientid"))
		return kstrtou64(value, 0, &run->clientid);
	if (!strcmp(key, "sign"))
		return load_parse_sign(run, value);
	if (!strcmp(key, "seal"))
		return load_parse_seal(run, value);
	if (!strcmp(key, "name"))
		return strscpy(run->name, value) < 0 ? -EINVAL : 0;
	if (!strcmp(key, "count"))
		return kstrtou32(value, 0, &run->count);
	if (!strcmp(key, "outstanding"))
		return kstrtou32(value, 0, &run->outstanding);
	if (!strcmp(key, "size"))
		return kstrtou32(value, 0, &run->size);
	if (!strcmp(key, "span"))
		return kstrtou64(value, 0, &run->span);
	if (!strcmp(key, "stable"))
		return kstrtou32(value, 0, &run->stable);
	if (!strcmp(key, "first"))
		return kstrtou32(value, 0, &run->first);
	if (!strcmp(key, "pin"))
		return kstrtoint(value, 0, &run->pin);
	if (!strcmp(key, "remote"))
		return kstrtobool(value, &run->remote);
	if (strcmp(key, "op"))
		return -EINVAL;
	run->op = load_op_find(value);
	return run->op ? 0 : -EINVAL;
}

static int load_parse(struct load_run *run, char *line)
{
	char *word, *value;

	while ((word = strsep(&line, " \t\n"))) {
		if (!*word)
			continue;
		value = strchr(word, '=');
		if (value)
			*value++ = '\0';
		if (!value || load_parse_one(run, word, value)) {
			pr_err("'%s' is unknown or its value is wrong\n", word);
			return -EINVAL;
		}
	}
	if (!run->op || !(run->port || run->sock) || !run->count || !run->outstanding ||
	    run->outstanding > LOAD_SLOTS_MAX || run->size > LOAD_PAYLOAD_MAX ||
	    run->size % sizeof(__be32) || run->count > U32_MAX >> (LOAD_SLOT_BITS + 1)) {
		pr_err("op, port, count or outstanding missing, or a number too large\n");
		return -EINVAL;
	}
	return 0;
}

static int load_thread(void *arg)
{
	const struct sched_attr idle = { .size = sizeof(idle), .sched_policy = SCHED_IDLE };
	struct load_job *job = arg;
	struct load_run *run = job->run;

	run->err = run->remote ? sched_setattr_nocheck(current, &idle) : 0;
	if (!run->err && run->pin >= 0)
		run->err = run->pin < nr_cpu_ids ?
			   set_cpus_allowed_ptr(current, cpumask_of(run->pin)) : -EINVAL;
	if (!run->err)
		load_run_execute(run);
	complete(&job->done);
	return 0;
}

/* A thread of the kernel's own: no user address space takes part. */
static int load_in_thread(struct load_run *run)
{
	struct load_job job = { .run = run };
	struct task_struct *task;

	init_completion(&job.done);
	task = kthread_run(load_thread, &job, "ditto_load");
	if (IS_ERR(task))
		return PTR_ERR(task);
	wait_for_completion(&job.done);
	return run->err;
}

static ssize_t load_write(struct file *file, const char __user *data, size_t len, loff_t *pos)
{
	struct seq_file *m = file->private_data;
	struct load_file *load = m->private;
	struct load_run *run = &load->last;
	char *line;
	int err;

	if (len > LOAD_LINE_MAX)
		return -EINVAL;
	line = memdup_user_nul(data, len);
	if (IS_ERR(line))
		return PTR_ERR(line);

	mutex_lock(&load->lock);
	*run = (struct load_run) {
		.addr = htonl(INADDR_LOOPBACK), .outstanding = 1, .pin = -1,
		.net = current->nsproxy->net_ns,
	};
	err = load_parse(run, line);
	if (!err && run->op->writes) {
		run->payload = kzalloc(max_t(size_t, run->size, 1), GFP_KERNEL);
		if (!run->payload)
			err = -ENOMEM;
	}
	if (!err)
		err = load_in_thread(run);
	run->err = err;
	run->net = NULL;
	if (run->sock)
		sockfd_put(run->sock);
	run->sock = NULL;
	kfree(run->payload);
	run->payload = NULL;
	mutex_unlock(&load->lock);

	kfree(line);
	return err ?: len;
}

static int load_show(struct seq_file *m, void *v)
{
	struct load_file *load = m->private;
	const struct load_run *run = &load->last;

	mutex_lock(&load->lock);
	seq_printf(m, "op=%s outstanding=%u ops=%llu ns=%llu ns_per_op=%llu errors=%llu status=%u",
		   run->op ? run->op->name : "none", run->outstanding, run->ops, run->ns,
		   run->ops ? div64_u64(run->ns, run->ops) : 0, run->errors, run->status);
	seq_printf(m, " bytes=%llu entries=%llu received=%llu cpu=%llu mid=%llu err=%d\n",
		   run->bytes, run->entries, run->received, run->cpu, run->mid, run->err);
	mutex_unlock(&load->lock);
	return 0;
}

static int load_open(struct inode *inode, struct file *file)
{
	struct load_file *load = kzalloc(sizeof(*load), GFP_KERNEL);
	int err;

	if (!load)
		return -ENOMEM;
	mutex_init(&load->lock);
	err = single_open(file, load_show, load);
	if (err)
		kfree(load);
	return err;
}

static int load_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	kfree(m->private);
	return single_release(inode, file);
}

static const struct file_operations load_fops = {
	.owner = THIS_MODULE,
	.open = load_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = load_release,
	.write = load_write,
};

static int __init load_init(void)
{
	load_dir = debugfs_create_dir("ditto_load", NULL);
	debugfs_create_file("run", 0600, load_dir, NULL, &load_fops);
	return 0;
}

static void __exit load_exit(void)
{
	debugfs_remove(load_dir);
}

module_init(load_init);
module_exit(load_exit);

MODULE_DESCRIPTION("NFS load generator of kernel threads");
MODULE_LICENSE("GPL");
