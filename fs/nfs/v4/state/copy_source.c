// SPDX-License-Identifier: GPL-2.0-only
/* Files of other servers, as sources of copies; see copy_source.h. */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/mutex.h>
#include <linux/nfs_fs.h>
#include <linux/nfs_ssc.h>
#include <linux/slab.h>
#include <linux/sunrpc/addr.h>
#include <linux/workqueue.h>
#include <kunit/visibility.h>
#include <net/net_namespace.h>

#include "../../../../net/peer.h"
#include "../../../../net/server.h"
#include "../../../share/rules.h"
#include "../deleg/callback.h"
#include "../engine/server.h"
#include "../op/netloc.h"
#include "copy_source.h"

/* Most sources of a server. */
#define COPY_SOURCES_MAX	32
/* The only port of sources: this server is not to be used to find out what listens where. */
#define COPY_SOURCE_PORT	2049
/* How long a mount is kept after the last copy. */
#define COPY_SOURCE_IDLE_S	180
/* After a failure, other copies do not try again for so long. */
#define COPY_SOURCE_RETRY_S	10
/* An address in brackets, with a path. */
#define COPY_SOURCE_TEXT	(INET6_ADDRSTRLEN + 8)

/**
 * struct dnfs4_copy_sources - sources of a server
 * @server: NFSv4 state
 * @lock: see copy_source.h
 * @list: struct dnfs4_copy_source
 * @count: length of @list
 * @reaper: gives up the mounts that nobody uses
 */
struct dnfs4_copy_sources {
	struct dnfs4_server *server;
	struct mutex lock;	/* see copy_source.h */
	struct list_head list;
	unsigned int count;
	struct delayed_work reaper;
};

/**
 * struct dnfs4_copy_source - a server that files are copied from
 * @link: in the list of sources
 * @addr: its address
 * @files: files that are being copied, struct dnfs4_copy_from
 * @idle: jiffies of the end of the last copy
 * @lock: see copy_source.h
 * @mnt: its root, under @lock; NULL if it is not mounted
 * @failed: jiffies of the last failure to mount it, if @has_failed; under @lock
 * @has_failed: it could not be mounted
 */
struct dnfs4_copy_source {
	struct list_head link;
	struct sockaddr_storage addr;
	struct list_head files;
	unsigned long idle;
	struct mutex lock;	/* see copy_source.h */
	struct vfsmount *mnt;
	unsigned long failed;
	bool has_failed;
};

/* Addresses */

static bool copy_source_is_allowed(const struct sockaddr_storage *addr)
{
	const struct in6_addr *in6 = &((const struct sockaddr_in6 *)addr)->sin6_addr;
	__be32 in = ((const struct sockaddr_in *)addr)->sin_addr.s_addr;

	if (addr->ss_family == AF_INET)
		return !ipv4_is_zeronet(in) && !ipv4_is_loopback(in) && !ipv4_is_multicast(in) &&
		       !ipv4_is_lbcast(in) && !ipv4_is_linklocal_169(in);
	return addr->ss_family == AF_INET6 && !ipv6_addr_any(in6) && !ipv6_addr_loopback(in6) &&
	       !ipv6_addr_v4mapped(in6) &&
	       !(ipv6_addr_type(in6) & (IPV6_ADDR_MULTICAST | IPV6_ADDR_LINKLOCAL));
}

bool dnfs4_copy_source_parse(struct net *net, const struct dnfs4_netloc *loc,
			     struct sockaddr_storage *addr)
{
	if (loc->type != NL4_NETADDR)
		return false;
	dnfs4_callback_parse(net, loc->netid, loc->netid_len, loc->text, loc->text_len, addr);
	return copy_source_is_allowed(addr) &&
	       rpc_get_port((struct sockaddr *)addr) == COPY_SOURCE_PORT;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs4_copy_source_parse);

static bool copy_source_is_admitted(struct ditto_share *share, const struct sockaddr_storage *addr)
{
	struct ditto_rule_reason why;
	struct ditto_verdict verdict;
	struct in6_addr in6;

	return ditto_addr_map((const struct sockaddr *)addr, &in6) &&
	       !ditto_rules_explain(share, &in6, &verdict, &why) &&
	       verdict.level != DITTO_ACCESS_NONE;
}

/* Mounts */

/* Requests are given up after half a minute. Other mounts of that server are not shared. */
static const struct {
	const char *key;
	const char *value;
} copy_source_options[] = {
	{ "vers", "4.2" }, { "sec", "sys" }, { "soft", NULL }, { "timeo", "50" },
	{ "retrans", "2" }, { "nosharecache", NULL },
};

static int copy_source_option(struct fs_context *fc, const char *key, const char *value)
{
	return vfs_parse_fs_string(fc, key, value, value ? strlen(value) : 0);
}

static struct vfsmount *copy_source_mount(struct net *net, const struct sockaddr_storage *addr)
{
	struct file_system_type *type = get_fs_type("nfs");
	char text[COPY_SOURCE_TEXT], path[COPY_SOURCE_TEXT];
	struct vfsmount *mnt;
	struct fs_context *fc;
	unsigned int i;
	int err;

	if (!type)
		return ERR_PTR(-EOPNOTSUPP);
	fc = fs_context_for_mount(type, SB_KERNMOUNT | SB_RDONLY);
	module_put(type->owner);
	if (IS_ERR(fc))
		return ERR_CAST(fc);
	/* Not that of the worker. */
	put_net(fc->net_ns);
	fc->net_ns = get_net(net);
	scnprintf(text, sizeof(text), "%pISc", addr);
	scnprintf(path, sizeof(path), addr->ss_family == AF_INET6 ? "[%s]:/" : "%s:/", text);
	err = copy_source_option(fc, "source", path) ?: copy_source_option(fc, "addr", text);
	for (i = 0; !err && i < ARRAY_SIZE(copy_source_options); i++)
		err = copy_source_option(fc, copy_source_options[i].key,
					 copy_source_options[i].value);
	mnt = err ? ERR_PTR(err) : fc_mount(fc);
	put_fs_context(fc);
	return mnt;
}

/* Mount the source, unless another copy has done so, or has tried just now. */
static int copy_source_use(struct dnfs4_server *server, struct dnfs4_copy_source *source)
{
	struct vfsmount *mnt;
	int err = 0;

	mutex_lock(&source->lock);
	if (source->mnt)
		goto unlock;
	err = -EREMOTEIO;
	if (source->has_failed &&
	    time_before(jiffies, source->failed + COPY_SOURCE_RETRY_S * HZ))
		goto unlock;
	mnt = copy_source_mount(server->srv->net, &source->addr);
	source->has_failed = IS_ERR(mnt);
	source->failed = jiffies;
	if (!IS_ERR(mnt)) {
		/* A source that says it has moved must not name another address to connect to. */
		set_bit(NFS_MIG_FAILED, &NFS_SB(mnt->mnt_sb)->mig_status);
		source->mnt = mnt;
		err = 0;
	}
unlock:
	mutex_unlock(&source->lock);
	return err;
}

/* The list */

static struct dnfs4_copy_source *copy_source_get(struct dnfs4_copy_sources *sources,
						 struct dnfs4_copy_from *from)
{
	const struct sockaddr *addr = (const struct sockaddr *)&from->addr;
	struct dnfs4_copy_source *source;
	struct dnfs4_copy_from *other;

	mutex_lock(&sources->lock);
	list_for_each_entry(source, &sources->list, link)
		if (rpc_cmp_addr((struct sockaddr *)&source->addr, addr))
			goto found;
	source = sources->count < COPY_SOURCES_MAX ? kzalloc(sizeof(*source), GFP_KERNEL) : NULL;
	if (!source) {
		source = ERR_PTR(-EREMOTEIO);
		goto unlock;
	}
	source->addr = from->addr;
	mutex_init(&source->lock);
	INIT_LIST_HEAD(&source->files);
	list_add(&source->link, &sources->list);
	sources->count++;
found:
	list_for_each_entry(other, &source->files, link) {
		if (nfs_compare_fh(&other->fh, &from->fh))
			continue;
		source = ERR_PTR(-EJUKEBOX);
		goto unlock;
	}
	list_add(&from->link, &source->files);
unlock:
	mutex_unlock(&sources->lock);
	return source;
}

static void copy_source_put(struct dnfs4_copy_sources *sources, struct dnfs4_copy_source *source,
			    struct dnfs4_copy_from *from)
{
	mutex_lock(&sources->lock);
	source->idle = jiffies;
	list_del(&from->link);
	if (!READ_ONCE(sources->server->started))
		mod_delayed_work(system_unbound_wq, &sources->reaper, 0);
	else if (list_empty(&source->files))
		queue_delayed_work(system_unbound_wq, &sources->reaper, COPY_SOURCE_IDLE_S * HZ);
	mutex_unlock(&sources->lock);
}

/* Give up the mounts that nobody has used for a while; all that nobody uses without the service. */
static void copy_sources_reap(struct dnfs4_copy_sources *sources)
{
	bool all = !READ_ONCE(sources->server->started);
	struct dnfs4_copy_source *source, *next;
	LIST_HEAD(gone);

	mutex_lock(&sources->lock);
	list_for_each_entry_safe(source, next, &sources->list, link) {
		if (!list_empty(&source->files))
			continue;
		if (!all && time_before(jiffies, source->idle + COPY_SOURCE_IDLE_S * HZ)) {
			queue_delayed_work(system_unbound_wq, &sources->reaper,
					   COPY_SOURCE_IDLE_S * HZ);
			continue;
		}
		list_move(&source->link, &gone);
		sources->count--;
	}
	mutex_unlock(&sources->lock);
	list_for_each_entry_safe(source, next, &gone, link) {
		mntput(source->mnt);
		mutex_destroy(&source->lock);
		kfree(source);
	}
}

static void copy_sources_reaper(struct work_struct *work)
{
	copy_sources_reap(container_of(to_delayed_work(work), struct dnfs4_copy_sources, reaper));
}

/* Files */

static struct file *copy_source_open_file(struct vfsmount *mnt, const struct dnfs4_copy_from *from,
					  const struct cred *cred)
{
	struct nfs_ssc_client_ops_tbl *table = symbol_get(nfs_ssc_client_tbl);
	const struct nfs4_ssc_client_ops *ops;
	struct nfs_fh fh = from->fh;
	nfs4_stateid sid = {};
	const struct cred *old;
	struct file *file;

	if (!table)
		return ERR_PTR(-EOPNOTSUPP);
	/* The mount keeps the module that they belong to. */
	ops = READ_ONCE(table->ssc_nfs4_ops);
	symbol_put(nfs_ssc_client_tbl);
	if (!ops)
		return ERR_PTR(-EOPNOTSUPP);
	sid.seqid = cpu_to_be32(from->sid.seqid);
	memcpy(sid.other, from->sid.other, sizeof(from->sid.other));
	old = override_creds(cred);
	file = ops->sco_open(mnt, &fh, &sid);
	revert_creds(old);
	return file;
}

struct dnfs4_copy_source *dnfs4_copy_source_open(struct dnfs4_server *server,
						 struct ditto_share *share,
						 struct dnfs4_copy_from *from,
						 const struct cred *cred, struct file **file)
{
	struct dnfs4_copy_source *source;

	if (!copy_source_is_admitted(share, &from->addr))
		return ERR_PTR(-EREMOTEIO);
	source = copy_source_get(server->sources, from);
	if (IS_ERR(source))
		return source;
	if (copy_source_use(server, source))
		goto put;
	*file = copy_source_open_file(source->mnt, from, cred);
	if (!IS_ERR(*file))
		return source;
put:
	copy_source_put(server->sources, source, from);
	return ERR_PTR(-EREMOTEIO);
}

void dnfs4_copy_source_close(struct dnfs4_server *server, struct dnfs4_copy_source *source,
			     struct dnfs4_copy_from *from, struct file *file)
{
	struct nfs_ssc_client_ops_tbl *table = symbol_get(nfs_ssc_client_tbl);

	/* So that no CLOSE is sent for what was opened by the client. */
	if (table) {
		table->ssc_nfs4_ops->sco_close(file);
		symbol_put(nfs_ssc_client_tbl);
	}
	__fput_sync(file);
	copy_source_put(server->sources, source, from);
}

int dnfs4_copy_sources_init(struct dnfs4_server *server)
{
	struct dnfs4_copy_sources *sources = kzalloc(sizeof(*sources), GFP_KERNEL);

	if (!sources)
		return -ENOMEM;
	sources->server = server;
	mutex_init(&sources->lock);
	INIT_LIST_HEAD(&sources->list);
	INIT_DELAYED_WORK(&sources->reaper, copy_sources_reaper);
	server->sources = sources;
	return 0;
}

void dnfs4_copy_sources_stop(struct dnfs4_server *server)
{
	struct dnfs4_copy_sources *sources = server->sources;
	struct dnfs4_copy_source *source;

	/*
	 * The NFS client repeats a request for as long as the source answers NFS4ERR_DELAY, and the
	 * end of the server waits for the copy.
	 */
	mutex_lock(&sources->lock);
	list_for_each_entry(source, &sources->list, link) {
		/* Without the lock it is being mounted. */
		if (!mutex_trylock(&source->lock))
			continue;
		if (source->mnt)
			NFS_SB(source->mnt->mnt_sb)->client->cl_shutdown = 1;
		mutex_unlock(&source->lock);
	}
	mutex_unlock(&sources->lock);
	copy_sources_reap(sources);
}

void dnfs4_copy_sources_exit(struct dnfs4_server *server)
{
	struct dnfs4_copy_sources *sources = server->sources;

	cancel_delayed_work_sync(&sources->reaper);
	copy_sources_reap(sources);
	WARN_ON_ONCE(!list_empty(&sources->list));
	mutex_destroy(&sources->lock);
	kfree(sources);
}
