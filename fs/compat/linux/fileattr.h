/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DITTO_COMPAT_LINUX_FILEATTR_H
#define _DITTO_COMPAT_LINUX_FILEATTR_H

#include_next <linux/fileattr.h>

#ifndef DITTO_HAVE_FILE_KATTR
#define file_kattr	fileattr
#endif

#endif
