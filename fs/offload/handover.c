// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tells a guard in user space which file systems this module guards: it leaves these alone, and
 * watches the others, and all of them once this module has ended.
 *
 * /proc/fs/ditto/guarded has a line MAJOR:MINOR for each of them, below its first line "ditto 1".
 * The first read by an opener does not wait. Each later one waits until that has changed; its
 * reader has then done what the read before it asked for. There is no poll(), since a poller sleeps
 * on the module's wait queue while nothing keeps the module.
 *
 * When a file system is no longer guarded, that waits for readers for a moment at the most: to
 * mark it they have to look up its mount, which is then busy, and the share's removal is to
 * leave one that can be unmounted. When the module ends, reads return nothing, and the module's
 * marks stay until all readers have closed the file, for a few seconds at the most. So no open
 * comes between the marks of the two.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kdev_t.h>
#include <linux/list.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "../node/node_private.h"
#include "offload.h"
#include "stub.h"

#define HANDOVER_HEADER		"ditto 1\n"
/* Longest text of one read. */
#define HANDOVER_TEXT_MAX	65536
/* How long a change waits for readers, and the module's end. */
#define HANDOVER_CHANGE_MS	1000
#define HANDOVER_END_MS		5000

/**
 * struct handover_reader - an opener of the file
 * @list: in the list of all
 * @seen: handover_version of what it has read
 * @done: handover_version of what it has acted on
 */
struct handover_reader {
	struct list_head list;
	u64 seen;
	u64 done;
};

/* Protects all below; handover_version is never 0. */
static DEFINE_SPINLOCK(handover_lock);
static DECLARE_WAIT_QUEUE_HEAD(handover_wait);
static LIST_HEAD(handover_volumes);
static LIST_HEAD(handover_readers);
static u64 handover_version = 1;
static bool handover_ending;
static struct proc_dir_entry *handover_dir;

/* Whether all readers have acted on a version. With U64_MAX, whether there is none. */
static bool handover_is_done(u64 version)
{
	const struct handover_reader *reader;
	bool done = true;

	spin_lock(&handover_lock);
	list_for_each_entry(reader, &handover_readers, list)
		done &= reader->done >= version;
	spin_unlock(&handover_lock);
	return done;
}

/* Returns the new version. */
static u64 handover_change(struct ditto_volume *volume, struct list_head *list)
{
	u64 version;

	spin_lock(&handover_lock);
	if (list)
		list_add_tail(&volume->offload_guarded, list);
	else
		list_del_init(&volume->offload_guarded);
	version = handover_version + 1;
	WRITE_ONCE(handover_version, version);
	spin_unlock(&handover_lock);
	wake_up_all(&handover_wait);
	return version;
}

void ditto_handover_add(struct ditto_volume *volume)
{
	handover_change(volume, &handover_volumes);
}

void ditto_handover_remove(struct ditto_volume *volume)
{
	u64 version = handover_change(volume, NULL);

	wait_event_timeout(handover_wait, handover_is_done(version),
			   msecs_to_jiffies(HANDOVER_CHANGE_MS));
}

static int handover_open(struct inode *inode, struct file *file)
{
	struct handover_reader *reader = kzalloc(sizeof(*reader), GFP_KERNEL);
	int err = 0;

	if (!reader)
		return -ENOMEM;
	spin_lock(&handover_lock);
	if (handover_ending)
		err = -ENODEV;
	else
		list_add_tail(&reader->list, &handover_readers);
	spin_unlock(&handover_lock);
	if (err)
		kfree(reader);
	else
		file->private_data = reader;
	return err;
}

static int handover_release(struct inode *inode, struct file *file)
{
	struct handover_reader *reader = file->private_data;

	spin_lock(&handover_lock);
	list_del(&reader->list);
	spin_unlock(&handover_lock);
	wake_up_all(&handover_wait);
	kfree(reader);
	return 0;
}

/* Return: bytes of the text, 0 at the end of the module, -EMSGSIZE if @size is too small. */
static ssize_t handover_print(struct handover_reader *reader, char *text, size_t size)
{
	const struct ditto_volume *volume;
	size_t len;

	spin_lock(&handover_lock);
	len = scnprintf(text, size, HANDOVER_HEADER);
	list_for_each_entry(volume, &handover_volumes, offload_guarded)
		len += scnprintf(text + len, size - len, "%u:%u\n", MAJOR(volume->sb->s_dev),
				 MINOR(volume->sb->s_dev));
	reader->seen = handover_version;
	if (handover_ending)
		len = 0;
	spin_unlock(&handover_lock);
	return len + 1 < size ? len : -EMSGSIZE;
}

static ssize_t handover_read(struct file *file, char __user *data, size_t size, loff_t *pos)
{
	struct handover_reader *reader = file->private_data;
	ssize_t len;
	char *text;

	size = min_t(size_t, size, HANDOVER_TEXT_MAX);
	spin_lock(&handover_lock);
	reader->done = reader->seen;
	spin_unlock(&handover_lock);
	wake_up_all(&handover_wait);
	if (wait_event_interruptible(handover_wait,
				     reader->seen != READ_ONCE(handover_version) ||
				     READ_ONCE(handover_ending)))
		return -ERESTARTSYS;
	if (!size)
		return 0;
	text = kvmalloc(size, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	len = handover_print(reader, text, size);
	if (len > 0 && copy_to_user(data, text, len))
		len = -EFAULT;
	kvfree(text);
	return len;
}

static const struct proc_ops handover_ops = {
	.proc_open = handover_open,
	.proc_read = handover_read,
	.proc_release = handover_release,
};

int __init ditto_handover_init(void)
{
	handover_dir = proc_mkdir("fs/ditto", NULL);
	if (!handover_dir)
		return -ENOMEM;
	if (proc_create("guarded", 0400, handover_dir, &handover_ops))
		return 0;
	proc_remove(handover_dir);
	return -ENOMEM;
}

void ditto_handover_exit(void)
{
	spin_lock(&handover_lock);
	WRITE_ONCE(handover_ending, true);
	spin_unlock(&handover_lock);
	wake_up_all(&handover_wait);
	if (!wait_event_timeout(handover_wait, handover_is_done(U64_MAX),
				msecs_to_jiffies(HANDOVER_END_MS)))
		pr_warn("a reader of /proc/fs/ditto/guarded does not close it: local processes may read zeros where data is offloaded\n");
	proc_remove(handover_dir);
}
