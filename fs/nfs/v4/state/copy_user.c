// SPDX-License-Identifier: GPL-2.0-only
/* Users of a source of copies; see copy_user.h. */
#include <linux/cred.h>
#include <linux/slab.h>
#include <kunit/visibility.h>

#include "copy_user.h"

/**
 * struct dnfs4_copy_user - a user of a source
 * @link: in the list of users
 * @cred: the user, held
 * @opening: number of files that are being opened
 * @opened: a file was opened
 */
struct dnfs4_copy_user {
	struct list_head link;
	const struct cred *cred;
	unsigned int opening;
	bool opened;
};

static void copy_user_free(struct dnfs4_copy_users *users, struct dnfs4_copy_user *user)
{
	list_del(&user->link);
	users->count--;
	put_cred(user->cred);
	kfree(user);
}

struct dnfs4_copy_user *dnfs4_copy_user_begin(struct dnfs4_copy_users *users,
					      const struct cred *cred)
{
	struct dnfs4_copy_user *user;

	/* The NFS client tells users apart in the same way. */
	list_for_each_entry(user, &users->list, link)
		if (!cred_fscmp(user->cred, cred))
			goto found;
	user = users->count < DNFS4_COPY_USERS_MAX ? kzalloc(sizeof(*user), GFP_KERNEL) : NULL;
	if (!user)
		return NULL;
	user->cred = get_cred(cred);
	list_add(&user->link, &users->list);
	users->count++;
found:
	user->opening++;
	return user;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs4_copy_user_begin);

void dnfs4_copy_user_end(struct dnfs4_copy_users *users, struct dnfs4_copy_user *user, bool opened)
{
	user->opening--;
	user->opened |= opened;
	if (!user->opening && !user->opened)
		copy_user_free(users, user);
}
EXPORT_SYMBOL_IF_KUNIT(dnfs4_copy_user_end);

void dnfs4_copy_users_init(struct dnfs4_copy_users *users)
{
	INIT_LIST_HEAD(&users->list);
	users->count = 0;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs4_copy_users_init);

void dnfs4_copy_users_exit(struct dnfs4_copy_users *users)
{
	struct dnfs4_copy_user *user, *next;

	list_for_each_entry_safe(user, next, &users->list, link)
		copy_user_free(users, user);
}
EXPORT_SYMBOL_IF_KUNIT(dnfs4_copy_users_exit);
