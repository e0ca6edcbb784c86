// SPDX-License-Identifier: GPL-2.0-only
/* Limits of quotas: options, contradictions, and what to do where there are none. */

#include <string.h>

#include "ctl/quota.h"
#include "test.h"

static void options_read(void)
{
	struct quota_change change = { 0 };
	struct if_dqblk q = { .dqb_bsoftlimit = 5, .dqb_isoftlimit = 7, .dqb_curspace = 1 };
	struct why why;

	CHECK(quota_change_read(&change, "--hard", "1M", &why));
	CHECK(quota_change_read(&change, "--files-hard", "9", &why));
	CHECK(quota_change_apply(&change, &q, &why));
	CHECK(q.dqb_bhardlimit == 1024 && q.dqb_bsoftlimit == 5);
	CHECK(q.dqb_ihardlimit == 9 && q.dqb_isoftlimit == 7);
	CHECK(q.dqb_valid == (QIF_BLIMITS | QIF_ILIMITS) && q.dqb_curspace == 1);
	/* Part of a unit counts as one, and no limit is 0. */
	CHECK(quota_change_read(&change, "--hard", "1025", &why));
	CHECK(quota_change_read(&change, "--soft", "none", &why));
	CHECK(quota_change_apply(&change, &q, &why) && q.dqb_bhardlimit == 2 && !q.dqb_bsoftlimit);
	memset(&change, 0, sizeof(change));
	CHECK(quota_change_read(&change, "--files-soft", "none", &why));
	CHECK(quota_change_apply(&change, &q, &why) && q.dqb_valid == QIF_ILIMITS);
}

static void options_refused(void)
{
	struct if_dqblk q = { .dqb_bhardlimit = 1024, .dqb_ihardlimit = 5 };
	struct quota_change change = { 0 };
	struct why why;

	CHECK(!quota_change_read(&change, "--limit", "1", &why));
	CHECK(!quota_change_read(&change, "--hard", NULL, &why));
	SAME(why.text, "--hard needs a value, or none");
	CHECK(!quota_change_read(&change, "--hard", "much", &why));
	CHECK(!quota_change_read(&change, "--files-hard", "1M", &why));
	CHECK(!quota_change_read(&change, "--files-hard", "-1", &why));
	/* One that is set, and one that is there. */
	CHECK(quota_change_read(&change, "--soft", "2M", &why));
	CHECK(!quota_change_apply(&change, &q, &why));
	SAME(why.text, "--soft is above --hard");
	memset(&change, 0, sizeof(change));
	q.dqb_bsoftlimit = 0;
	CHECK(quota_change_read(&change, "--files-soft", "6", &why));
	CHECK(!quota_change_apply(&change, &q, &why));
	SAME(why.text, "--files-soft is above --files-hard");
}

static void kinds_named(void)
{
	CHECK(quota_kind_of("user") == USRQUOTA && quota_kind_of("project") == PRJQUOTA);
	CHECK(quota_kind_of("users") == -1);
	SAME(quota_kind_name(GRPQUOTA), "group");
}

static void advice_by_file_system(void)
{
	struct why why;

	quota_why_off(&why, "ext4", PRJQUOTA, false);
	SAME(why.text,
	     "its ext4 counts nothing for a project: unmount it, run \"tune2fs -O quota,project -Q prjquota DEVICE\", and mount it with the option prjquota");
	quota_why_off(&why, "xfs", GRPQUOTA, false);
	SAME(why.text,
	     "its xfs counts nothing for a group: unmount it, and mount it with the option gquota; a remount does not suffice");
	quota_why_off(&why, "xfs", USRQUOTA, true);
	SAME(why.text,
	     "limits of a user do not stop anybody yet: unmount its file system, and mount it with the option uquota");
	quota_why_off(&why, "btrfs", USRQUOTA, false);
	CHECK(strstr(why.text, "btrfs qgroup limit"));
	quota_why_off(&why, "tmpfs", USRQUOTA, false);
	SAME(why.text, "tmpfs has no quotas that this command can read or set");
}

int main(void)
{
	static const struct test tests[] = {
		TEST(options_read), TEST(options_refused), TEST(kinds_named),
		TEST(advice_by_file_system), { 0 },
	};

	return test_main(tests);
}
