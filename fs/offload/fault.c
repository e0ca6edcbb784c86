// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault points, see fault.h.
 *
 * Locking: fault_lock (spinlock) guards what is armed; fault_key_lock (mutex) keeps the static key
 * in step with it, and is not taken by operations. What has stopped waits until another point or
 * none is armed, or until its process is killed.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "fault.h"
#include "offload.h"

/* Bytes of an order, and of the answer. */
#define FAULT_TEXT_MAX	64

static const char *const fault_names[DITTO_FAULT_COUNT] = {
	[DITTO_FAULT_RELEASE_RECORD] = "release-record",
	[DITTO_FAULT_STORED_REPLACED] = "stored-replaced",
	[DITTO_FAULT_RELEASE_RECORDED] = "release-recorded",
	[DITTO_FAULT_RELEASE_FREED] = "release-freed",
	[DITTO_FAULT_ADOPT_RECORD] = "adopt-record",
	[DITTO_FAULT_ADOPT_RECORDED] = "adopt-recorded",
	[DITTO_FAULT_ADOPT_SIZED] = "adopt-sized",
	[DITTO_FAULT_FILL_OWNED] = "fill-owned",
	[DITTO_FAULT_FILL_WRITE] = "fill-write",
	[DITTO_FAULT_FILL_CHECKED] = "fill-checked",
	[DITTO_FAULT_FILL_WRITTEN] = "fill-written",
	[DITTO_FAULT_FLUSH_DATA] = "flush-data",
	[DITTO_FAULT_FLUSH_DONE] = "flush-done",
	[DITTO_FAULT_COMMIT_DATA] = "commit-data",
	[DITTO_FAULT_COMMIT_RECORD] = "commit-record",
	[DITTO_FAULT_STORED_WRITTEN] = "stored-written",
	[DITTO_FAULT_COMMIT_RECORDED] = "commit-recorded",
	[DITTO_FAULT_CUT_RECORD] = "cut-record",
	[DITTO_FAULT_CUT_STORED] = "cut-stored",
	[DITTO_FAULT_CUT_WRITTEN] = "cut-written",
	[DITTO_FAULT_LOAD_RECORD] = "load-record",
};

DEFINE_STATIC_KEY_FALSE(ditto_fault_armed);

static DEFINE_MUTEX(fault_key_lock);
static DEFINE_SPINLOCK(fault_lock);
static DECLARE_WAIT_QUEUE_HEAD(fault_wait);
static struct dentry *fault_dir;

/* The armed point, or DITTO_FAULT_COUNT for none; its errno, or 0 to stop there. */
static enum ditto_fault fault_point = DITTO_FAULT_COUNT;
static int fault_error;
/* Number of the order; how many operations have come to the point since then. */
static unsigned int fault_order;
static unsigned int fault_reached;

/* The part of ditto_fault() while a point is armed. */
int ditto_fault_slow(enum ditto_fault point)
{
	unsigned int order;
	int err;

	spin_lock(&fault_lock);
	if (point != fault_point) {
		spin_unlock(&fault_lock);
		return 0;
	}
	fault_reached++;
	order = fault_order;
	err = fault_error;
	spin_unlock(&fault_lock);
	if (err)
		return err;
	wait_event_killable(fault_wait, READ_ONCE(fault_order) != order);
	/* The order that ends the wait may be one to fail at the same point. */
	spin_lock(&fault_lock);
	if (point == fault_point)
		err = fault_error;
	spin_unlock(&fault_lock);
	return err;
}

static void fault_arm(enum ditto_fault point, int err)
{
	mutex_lock(&fault_key_lock);
	spin_lock(&fault_lock);
	fault_point = point;
	fault_error = err;
	fault_reached = 0;
	WRITE_ONCE(fault_order, fault_order + 1);
	spin_unlock(&fault_lock);
	if (point == DITTO_FAULT_COUNT)
		static_branch_disable(&ditto_fault_armed);
	else
		static_branch_enable(&ditto_fault_armed);
	mutex_unlock(&fault_key_lock);
	wake_up_all(&fault_wait);
}

/* Take "off", "POINT stop" or "POINT ERRNO". */
static int fault_parse(char *text)
{
	char *words = strim(text);
	char *name = strsep(&words, " ");
	unsigned int err = 0;
	int point;

	if (!words) {
		if (strcmp(name, "off"))
			return -EINVAL;
		fault_arm(DITTO_FAULT_COUNT, 0);
		return 0;
	}
	point = match_string(fault_names, ARRAY_SIZE(fault_names), name);
	if (point < 0)
		return point;
	if (strcmp(words, "stop") && (kstrtouint(words, 10, &err) || !err || err > MAX_ERRNO))
		return -EINVAL;
	fault_arm(point, -(int)err);
	return 0;
}

static ssize_t fault_write(struct file *file, const char __user *data, size_t size, loff_t *pos)
{
	char text[FAULT_TEXT_MAX];
	int err;

	if (size >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, data, size))
		return -EFAULT;
	text[size] = '\0';
	err = fault_parse(text);
	return err ?: size;
}

static ssize_t fault_read(struct file *file, char __user *data, size_t size, loff_t *pos)
{
	char text[FAULT_TEXT_MAX];
	int len;

	spin_lock(&fault_lock);
	if (fault_point == DITTO_FAULT_COUNT)
		len = scnprintf(text, sizeof(text), "off\n");
	else
		len = scnprintf(text, sizeof(text), "%s %u\n", fault_names[fault_point],
				fault_reached);
	spin_unlock(&fault_lock);
	return simple_read_from_buffer(data, size, pos, text, len);
}

static const struct file_operations fault_fops = {
	.owner = THIS_MODULE,
	.read = fault_read,
	.write = fault_write,
};

/* Make the fault points known that tests arm. May sleep. */
void ditto_offload_faults_init(void)
{
	fault_dir = debugfs_create_dir("ditto", NULL);
	debugfs_create_file("offload-fault", 0600, fault_dir, NULL, &fault_fops);
}

/* Disarm them: what has stopped at one goes on. May sleep. */
void ditto_offload_faults_exit(void)
{
	debugfs_remove(fault_dir);
	fault_arm(DITTO_FAULT_COUNT, 0);
}
