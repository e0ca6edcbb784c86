/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DITTO_COMPAT_LINUX_BACKING_FILE_H
#define _DITTO_COMPAT_LINUX_BACKING_FILE_H

#include_next <linux/backing-file.h>

#include <linux/file.h>
#include <linux/fs.h>

/* Open a file, of whose opening and use nobody is notified. */
static inline struct file *ditto_open_nonotify(const struct path *path, int flags,
					       const struct cred *cred)
{
#ifdef DITTO_HAVE_DENTRY_OPEN_NONOTIFY
	/* Modules cannot call it. A backing file notifies nobody if its user file does not. */
	struct file *user = dentry_open(path, O_PATH, cred), *file;

	if (IS_ERR(user))
		return user;
	file = backing_file_open(user, flags, path, cred);
	__fput_sync(user);
	return file;
#else
	return dentry_open(path, flags | __FMODE_NONOTIFY, cred);
#endif
}

#endif
