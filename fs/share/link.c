// SPDX-License-Identifier: GPL-2.0-only
/* Links of a share; see link.h. */
#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../node/casefold.h"
#include "../node/fid.h"
#include "../node/utf8.h"
#include "link.h"
#include "share.h"

/*
 * A path that begins with a component, and whose components are names; in UTF-8, since names of SMB
 * and NFSv4 are compared with them.
 */
static bool link_path_is_valid(const char *path)
{
	size_t total = strlen(path), len;

	if (!total || total > DITTO_LINK_PATH_MAX || !ditto_is_utf8(path, total))
		return false;
	for (;; path += len + 1) {
		len = strcspn(path, "/");
		if (!len || len > NAME_MAX || name_is_dot_dotdot(path, len))
			return false;
		for (size_t i = 0; i < len; i++)
			if (iscntrl(path[i]) || path[i] == '\\')
				return false;
		if (!path[len])
			return true;
	}
}

/* "server:/share/path" or "[address]:/share/path"; the text is cut into its parts. */
static bool link_target_parse(char *text, struct ditto_link_target *target)
{
	char *path = strstr(text, ":/"), *p;

	if (!path)
		return false;
	*path = '\0';
	target->path = path + 2;
	if (text[0] == '[' && path > text + 1 && path[-1] == ']') {
		path[-1] = '\0';
		text++;
	} else if (strchr(text, ':')) {
		return false;
	}
	for (p = text; *p; p++)
		if (!isalnum(*p) && !strchr(".:-_", *p) && isascii(*p))
			return false;
	target->server = text;
	return p > text && p - text <= DITTO_LINK_SERVER_MAX && link_path_is_valid(target->path);
}

/* "PATH=TARGET[,TARGET...]"; the text is cut into its parts. */
static bool link_parse(char *text, struct ditto_share_link *link)
{
	char *targets = strchr(text, '='), *target;

	if (!targets)
		return false;
	*targets++ = '\0';
	link->path = text;
	while ((target = strsep(&targets, ",")))
		if (link->count == DITTO_LINK_TARGETS_MAX ||
		    !link_target_parse(target, &link->target[link->count++]))
			return false;
	return link_path_is_valid(link->path);
}

/* Are the paths the same, or does one lead through the other? Some clients ignore case. */
static bool link_paths_meet(const char *a, const char *b)
{
	for (;;) {
		const struct ditto_name x = { .name = a, .len = strcspn(a, "/") };
		const struct ditto_name y = { .name = b, .len = strcspn(b, "/") };

		if (!ditto_names_same(&x, &y))
			return false;
		if (!a[x.len] || !b[y.len])
			return true;
		a += x.len + 1;
		b += y.len + 1;
	}
}

/*
 * Make the links of a share from their text. @extack: gets a message on error; may be NULL. Return:
 * the links, dropped with ditto_links_put(); NULL for an empty text; ERR_PTR(-EINVAL),
 * ERR_PTR(-E2BIG) or ERR_PTR(-ENOMEM).
 */
struct ditto_links *ditto_links_parse(const char *text, struct netlink_ext_ack *extack)
{
	struct ditto_links *links;
	unsigned int count = 1;
	char *rest, *line;
	int err = -ENOMEM;

	if (!text[0])
		return NULL;
	for (const char *p = text; *p; p++)
		count += *p == '\n';
	if (count > DITTO_LINKS_MAX || strlen(text) > DITTO_LINKS_TEXT_MAX) {
		NL_SET_ERR_MSG_FMT(extack, "links: more than %u, or than %u bytes",
				   DITTO_LINKS_MAX, DITTO_LINKS_TEXT_MAX);
		return ERR_PTR(-E2BIG);
	}
	links = kvzalloc(struct_size(links, link, count), GFP_KERNEL_ACCOUNT);
	if (!links)
		return ERR_PTR(-ENOMEM);
	refcount_set(&links->ref, 1);
	links->count = count;
	links->text = kstrdup(text, GFP_KERNEL);
	links->words = kstrdup(text, GFP_KERNEL);
	if (!links->text || !links->words)
		goto put;
	err = -EINVAL;
	rest = links->words;
	for (unsigned int i = 0; i < count; i++) {
		line = strsep(&rest, "\n");
		if (!link_parse(line, &links->link[i])) {
			NL_SET_ERR_MSG_FMT(extack,
					   "link \"%.24s\" is not PATH=SERVER:/SHARE[/PATH],...",
					   line);
			goto put;
		}
		for (unsigned int j = 0; j < i; j++) {
			if (!link_paths_meet(links->link[i].path, links->link[j].path))
				continue;
			NL_SET_ERR_MSG_FMT(extack, "link %.24s: another one is there, or within it",
					   links->link[i].path);
			goto put;
		}
	}
	return links;

put:
	ditto_links_put(links);
	return ERR_PTR(err);
}

/**
 * ditto_links_put - drop a reference to links
 * @links: the links, or NULL
 *
 * Context: any.
 */
void ditto_links_put(struct ditto_links *links)
{
	if (!links || !refcount_dec_and_test(&links->ref))
		return;
	kfree(links->words);
	kfree(links->text);
	kvfree(links);
}
EXPORT_SYMBOL_NS_GPL(ditto_links_put, "DITTO");

/*
 * Look for the directories of links that are not published yet. @links: the links, or NULL; nothing
 * is done if the directories were looked for; @extack: gets a warning for the first link without a
 * directory, which refers clients only by its path; a share must be servable although a client has
 * removed such a directory. A file system that hangs is waited for.
 */
void ditto_links_find_dirs(const struct ditto_share *share, struct ditto_links *links,
			   struct netlink_ext_ack *extack)
{
	bool warned = false;
	struct path path;
	int err;

	if (!links || links->share)
		return;
	links->share = share->number;
	for (unsigned int i = 0; i < links->count; i++) {
		struct ditto_share_link *link = &links->link[i];

		err = vfs_path_lookup(share->root.dentry, share->root.mnt, link->path,
				      LOOKUP_DIRECTORY | LOOKUP_BENEATH | LOOKUP_NO_SYMLINKS |
				      LOOKUP_NO_XDEV, &path);
		if (err) {
			if (!warned)
				NL_SET_ERR_MSG_FMT(extack,
						   "link %.24s: no such directory in the share: %pe",
						   link->path, ERR_PTR(err));
			warned = true;
			continue;
		}
		link->ino = d_inode(path.dentry)->i_ino;
		if (ditto_fid_encode(path.dentry, false, &link->fid))
			link->fid.len = 0;
		path_put(&path);
	}
}

/**
 * ditto_share_links - get the links of a share
 * @share: held
 *
 * Context: any.
 * Return: the links, dropped with ditto_links_put(); NULL if there are none.
 */
struct ditto_links *ditto_share_links(const struct ditto_share *share)
{
	struct ditto_links *links;

	rcu_read_lock();
	links = rcu_dereference(share->opts)->links;
	if (links)
		refcount_inc(&links->ref);
	rcu_read_unlock();
	return links;
}
EXPORT_SYMBOL_NS_GPL(ditto_share_links, "DITTO");

/**
 * ditto_share_has_link_at - tell whether the directory of a link may have an inode
 * @share: held
 * @ino: number of the inode
 *
 * Context: any; takes no reference.
 * Return: true if ditto_link_of() may find a link.
 */
bool ditto_share_has_link_at(const struct ditto_share *share, u64 ino)
{
	const struct ditto_links *links;
	bool found = false;

	rcu_read_lock();
	links = rcu_dereference(share->opts)->links;
	for (unsigned int i = 0; links && i < links->count && !found; i++)
		found = links->link[i].fid.len && links->link[i].ino == ino;
	rcu_read_unlock();
	return found;
}
EXPORT_SYMBOL_NS_GPL(ditto_share_has_link_at, "DITTO");

/**
 * ditto_link_of - find the link that a directory is
 * @links: the links of @share
 * @share: the share through which the directory was reached
 * @inode: the directory
 *
 * Return: the link, valid as long as @links; or NULL.
 */
const struct ditto_share_link *ditto_link_of(const struct ditto_links *links,
					     const struct ditto_share *share, struct inode *inode)
{
	u32 raw[DITTO_FID_WORDS];
	int type, len;

	if (links->share != share->number)
		return NULL;
	for (unsigned int i = 0; i < links->count; i++) {
		const struct ditto_share_link *link = &links->link[i];

		if (!link->fid.len || link->ino != inode->i_ino)
			continue;
		/* Numbers of inodes are used again, and may repeat in subvolumes. */
		memset(raw, 0, sizeof(raw));
		len = ditto_fid_write(inode, NULL, NULL, false, raw, &type);
		if (len == link->fid.len && type == link->fid.type &&
		    !memcmp(raw, link->fid.raw, len))
			return link;
	}
	return NULL;
}
EXPORT_SYMBOL_NS_GPL(ditto_link_of, "DITTO");

/**
 * ditto_share_has_link - search the links of a share for a directory
 * @share: the share through which it was reached; held
 * @inode: the directory, or another file, or NULL
 *
 * Context: any. See ditto_share_is_link().
 * Return: true if it is a link.
 */
bool ditto_share_has_link(const struct ditto_share *share, struct inode *inode)
{
	struct ditto_links *links;
	bool found;

	if (!inode || !S_ISDIR(inode->i_mode) || !ditto_share_has_link_at(share, inode->i_ino))
		return false;
	links = ditto_share_links(share);
	found = links && ditto_link_of(links, share, inode);
	ditto_links_put(links);
	return found;
}
EXPORT_SYMBOL_NS_GPL(ditto_share_has_link, "DITTO");
