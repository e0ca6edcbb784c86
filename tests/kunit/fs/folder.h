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
 * struct folder - the folder, and the callers
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
/* Add the share; folder_start() does it first. */
int folder_share(const struct folder *f);
/* Around a case. The folder is empty at its end. */
void folder_begin(struct kunit *test, struct folder *f);
void folder_end(struct kunit *test, struct folder *f);

/**
 * DEFINE_FOLDER - define a folder and the functions that frame a suite on it
 * @var: name of the struct folder
 * @share: name of the share
 */
#define DEFINE_FOLDER(var, share)						\
	static struct folder var = { .name = share };				\
										\
	static int var##_suite_init(struct kunit_suite *suite)			\
	{									\
		return folder_start(&(var));					\
	}									\
										\
	static void var##_suite_exit(struct kunit_suite *suite)			\
	{									\
		folder_stop(&(var));						\
	}									\
										\
	static int __maybe_unused var##_case_init(struct kunit *test)		\
	{									\
		folder_begin(test, &(var));					\
		return 0;							\
	}									\
										\
	static void __maybe_unused var##_case_exit(struct kunit *test)		\
	{									\
		folder_end(test, &(var));					\
	}

/* Members of a struct kunit_suite on a folder: around the suite, and around each case. */
#define FOLDER_SUITE(var)	.suite_init = var##_suite_init, .suite_exit = var##_suite_exit
#define FOLDER_CASES(var)	.init = var##_case_init, .exit = var##_case_exit

/* A new file or directory, by the administrator; its node is to be put. */
struct ditto_node *folder_make(struct kunit *test, struct folder *f, const char *name,
			       umode_t mode, bool is_dir);
/* The same in any directory, by any caller. Returns an errno. */
int folder_create(struct ditto_op *op, struct ditto_node *dir, const struct ditto_name *name,
		  const struct ditto_setattr *set, bool is_dir, struct ditto_node **out);
void folder_remove(struct kunit *test, struct folder *f, const char *name, bool is_dir);

/* Its attributes as the server asks for them. */
struct kstat folder_stat(struct kunit *test, struct folder *f, struct ditto_node *node);

#endif
