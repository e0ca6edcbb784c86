// SPDX-License-Identifier: GPL-2.0-only
/* Recording of accesses, see audit.h. */

#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/string.h>

#include "../../../lockd/claim.h"
#include "../../../lockd/client.h"
#include "../../../net/helper/names.h"
#include "../../acl/acl_private.h"
#include "acl_file.h"
#include "audit.h"

/* MS-DTYP section 2.5.3.2: each entry that names the user, a right and the result counts. */
static bool audit_wants(const struct ditto_op *op, const struct ditto_node *node,
			const struct ditto_acl *list, u32 access, bool granted)
{
	const u8 result = granted ? DITTO_ACE_ON_SUCCESS : DITTO_ACE_ON_FAILURE;
	struct ditto_acl_subject who = ditto_acl_subject_of(op, node);
	bool wants = false;

	rcu_read_lock();
	if (!who.token)
		who.token = ditto_names_token_rcu(op->share->srv, who.cred->fsuid);
	for (unsigned int i = 0; i < list->count && !wants; i++) {
		const struct ditto_ace *ace = &list->aces[i];

		wants = ditto_ace_is_effective(ace) && ace->flags & result &&
			ace->mask & access && ditto_ace_may_match(ace, &who);
	}
	rcu_read_unlock();
	return wants;
}

/* The path of a file from the root of its share, in @buffer; "" without a name. */
static const char *audit_path(const struct ditto_share *share, struct ditto_node *node,
			      char *buffer, char *root_buffer)
{
	struct dentry *dentry = ditto_node_dentry(node);
	char *path = dentry_path_raw(dentry, buffer, PATH_MAX);
	char *root = dentry_path_raw(share->root.dentry, root_buffer, PATH_MAX);
	size_t len;

	dput(dentry);
	if (IS_ERR(path) || IS_ERR(root))
		return "";
	len = strcmp(root, "/") ? strlen(root) : 0;
	return strncmp(path, root, len) ? path : path + len;
}

/* ditto_audit() for a share that records, and a file that may have an audit list. */
void ditto_audit_slow(const struct ditto_op *op, struct ditto_node *node,
		      enum ditto_audit_event event, u32 access, bool granted)
{
	struct ditto_acl *list = ditto_get_audit_list(op->share, node);
	struct ditto_audit_record record = {
		.event = event,
		.granted = granted,
		.access = access,
		.uid = op->cred->person,
		.anonymous = op->cred->anonymous,
		.share = op->share->name,
		.path = "",
		.client = "",
		.protocol = "",
	};
	char *buffer, *root;
	bool wants;

	if (IS_ERR_OR_NULL(list))
		return;
	wants = audit_wants(op, node, list, access, granted);
	ditto_acl_put(list);
	if (!wants)
		return;
	buffer = __getname();
	root = __getname();
	if (buffer && root)
		record.path = audit_path(op->share, node, buffer, root);
	if (op->actor && op->actor->client) {
		record.client = op->actor->client->name;
		record.protocol = op->actor->client->protocol;
	}
	ditto_audit_tell(op->share->srv, &record);
	if (root)
		__putname(root);
	if (buffer)
		__putname(buffer);
}
