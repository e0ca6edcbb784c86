/* SPDX-License-Identifier: GPL-2.0-only */
/* A share on a folder of a tmpfs, for suites that need real files. */
#ifndef _DITTO_TESTS_KUNIT_FS_FOLDER_H
#define _DITTO_TESTS_KUNIT_FS_FOLDER_H

#include <kunit/test.h>
#include <linux/path.h>

#include "../../../fs/node/node.h"
#include "../../../fs/op/op.h"
#include "../../../fs/share/cred.h"
#include "../../../fs/share/share.h"
#include "../../../net/server.h"

/**
 * struct folder - the folder, and who acts
 * @name: of the share, and part of that of the folder
 * @path: the folder
 * @srv: the server
 * @share: held during a case
 * @root: node of the folder, held during a case
 * @admin: may do everything
 * @user: user 1000 without groups
 * @op: acts as @admin, in a case
 */
struct folder {
	const char *name;
	struct path path;
	struct ditto_server *srv;
	struct ditto_share *share;
	struct ditto_node *root;
	struct ditto_cred *admin;
	struct ditto_cred *user;
	struct ditto_op op;
};

/* Before and after a suite; cases run in threads that may have another root. */
int folder_start(struct folder *f);
void folder_stop(struct folder *f);
/* Around a case. The folder is empty at its end. */
void folder_begin(struct kunit *test, struct folder *f);
void folder_end(struct kunit *test, struct folder *f);

/* A new file or directory, by the administrator; its node is to be put. */
struct ditto_node *folder_make(struct kunit *test, struct folder *f, const char *name,
			       umode_t mode, bool is_dir);
void folder_remove(struct kunit *test, struct folder *f, const char *name, bool is_dir);

/* Its attributes as the server asks for them. */
struct kstat folder_stat(struct kunit *test, struct folder *f, struct ditto_node *node);

#endif
