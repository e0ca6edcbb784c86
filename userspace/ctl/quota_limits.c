// SPDX-License-Identifier: GPL-2.0-only
/* Limits of quotas, as text and as the kernel has them; see quota.h. */

#include <string.h>

#include "quota.h"

static const char *const kinds[MAXQUOTAS + 1] = {
	[USRQUOTA] = "user", [GRPQUOTA] = "group", [PRJQUOTA] = "project",
};

static const char *const limit_options[QUOTA_LIMITS] = {
	[QUOTA_SOFT] = "--soft",
	[QUOTA_HARD] = "--hard",
	[QUOTA_FILES_SOFT] = "--files-soft",
	[QUOTA_FILES_HARD] = "--files-hard",
};

const char *quota_kind_name(int kind)
{
	return kinds[kind];
}

int quota_kind_of(const char *word)
{
	int kind;

	for (kind = 0; kinds[kind]; kind++)
		if (!strcmp(kinds[kind], word))
			return kind;
	return -1;
}

bool quota_change_read(struct quota_change *change, const char *option, const char *value,
		       struct why *why)
{
	bool none = value && !strcmp(value, "none");
	unsigned int i;
	u64 number = 0;

	for (i = 0; i < QUOTA_LIMITS && strcmp(limit_options[i], option); i++)
		;
	if (i == QUOTA_LIMITS)
		return why_not(why,
			       "'%s' is not allowed: --soft, --hard, --files-soft or --files-hard is",
			       option);
	if (!value)
		return why_not(why, "%s needs a value, or none", option);
	if (i < QUOTA_FILES_SOFT && !none) {
		if (!text_size(value, &number, why))
			return false;
		number = number / QIF_DQBLKSIZE + !!(number % QIF_DQBLKSIZE);
	} else if (!none && !text_number(value, 0, UINT64_MAX / 2, &number, why)) {
		return false;
	}
	change->given[i] = true;
	change->value[i] = number;
	return true;
}

bool quota_change_apply(const struct quota_change *change, struct if_dqblk *record,
			struct why *why)
{
	__u64 *const limits[QUOTA_LIMITS] = {
		[QUOTA_SOFT] = &record->dqb_bsoftlimit,
		[QUOTA_HARD] = &record->dqb_bhardlimit,
		[QUOTA_FILES_SOFT] = &record->dqb_isoftlimit,
		[QUOTA_FILES_HARD] = &record->dqb_ihardlimit,
	};
	unsigned int i;

	record->dqb_valid = 0;
	for (i = 0; i < QUOTA_LIMITS; i++) {
		if (!change->given[i])
			continue;
		*limits[i] = change->value[i];
		record->dqb_valid |= i < QUOTA_FILES_SOFT ? QIF_BLIMITS : QIF_ILIMITS;
	}
	/* XFS would say that it worked, and change nothing. */
	for (i = 0; i < QUOTA_LIMITS; i += 2)
		if (*limits[i + 1] && *limits[i] > *limits[i + 1])
			return why_not(why, "%s is above %s", limit_options[i],
				       limit_options[i + 1]);
	return true;
}

/* Options of mount(8) with which a file system counts a kind and enforces its limits. */
static const struct {
	const char *fs_type;
	const char *option[MAXQUOTAS];
} mount_options[] = {
	{ "ext4", { "usrquota", "grpquota", "prjquota" } },
	{ "xfs", { "uquota", "gquota", "pquota" } },
};

void quota_why_off(struct why *why, const char *fs_type, int kind, bool counts)
{
	const char *option = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mount_options); i++)
		if (!strcmp(mount_options[i].fs_type, fs_type))
			option = mount_options[i].option[kind];
	if (!strcmp(fs_type, "btrfs"))
		why_not(why,
			"btrfs has no quotas of users, groups and projects: \"btrfs qgroup limit\" limits a subvolume");
	else if (!option)
		why_not(why, "%s has no quotas that this command can read or set", fs_type);
	else if (counts)
		why_not(why,
			"limits of a %s do not stop anybody yet: unmount its file system, and mount it with the option %s",
			kinds[kind], option);
	else if (!strcmp(fs_type, "ext4"))
		why_not(why,
			"its ext4 counts nothing for a %s: unmount it, run \"tune2fs -O quota%s -Q %s DEVICE\", and mount it with the option %s",
			kinds[kind], kind == PRJQUOTA ? ",project" : "", option, option);
	else
		why_not(why,
			"its %s counts nothing for a %s: unmount it, and mount it with the option %s; a remount does not suffice",
			fs_type, kinds[kind], option);
}
