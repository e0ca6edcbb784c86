// SPDX-License-Identifier: GPL-2.0-only
/* Files of other servers, as sources of copies; see copy_source.h. */
#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/mutex.h>
#include <linux/nfs_fs.h>
#include <linux/nfs_ssc.h>
#include <linux/nfs_xdr.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/sunrpc/addr.h>
#include <linux/sunrpc/clnt.h>
#include <linux/workqueue.h>
#include <kunit/visibility.h>
#include <net/net_namespace.h>

#include "../../../../net/peer.h"
#include "../../../../net/server.h"
#include "../../../share/rules.h"
#include "../../../op/job.h"
#include "../deleg/callback.h"
#include "../engine/server.h"
#include "../op/netloc.h"
#include "copy_mount.h"
#include "copy_source.h"
#include "copy_user.h"

/* The only port of sources: this server is not to be used to find out what listens where. */
#define COPY_SOURCE_PORT	2049
/* How long a mount is kept after the last copy. */
#define COPY_SOURCE_IDLE_S	20
/* A source that is given up may take so long to answer the goodbye. */
#define COPY_SOURCE_END_S	5
/* The reads of a copy that was interrupted may take so long to end; they are ended step by step. */
#define COPY_SOURCE_READS_MS	5000
#define COPY_SOURCE_STEP_MS	20
/* After a failure, other copies do not try again for so long. */
#define COPY_SOURCE_RETRY_S	10

/**
 * struct dnfs4_copy_source - a server that files are copied from
 * @link: in the list of sources
 * @net: network namespace in which it is mounted; held by @mnt, or by its server
 * @addr: its address
 * @files: files that are being copied, struct dnfs4_copy_from
 * @users: users in whose name files are, or were, opened
 * @idle: jiffies of the end of the last copy
 * @stopped: the service has ended; no copy has begun since
 * @mnt: its root; NULL if it is not mounted; set under copy_source_mounting
 * @failed: jiffies of the last failure to mount it, if @has_failed; the same
 * @has_failed: it could not be mounted
 * @ender: gives up the mount
 * @ended: completed by @ender
 */
struct dnfs4_copy_source {
	struct list_head link;
	struct net *net;
	struct sockaddr_storage addr;
	struct list_head files;
	struct dnfs4_copy_users users;
	unsigned long idle;
	bool stopped;
	struct vfsmount *mnt;
	unsigned long failed;
	bool has_failed;
	struct task_struct *ender;
	struct completion ended;
};

/* Held while a source is mounted: the NFS client begins to talk to one server at a time. */
static DEFINE_MUTEX(copy_source_mounting);

static void copy_sources_reaper(struct work_struct *work);

/* The sources, struct dnfs4_copy_source, and how many they are. */
static LIST_HEAD(copy_sources);
static unsigned int copy_sources_count;
static DEFINE_MUTEX(copy_sources_lock);	/* see copy_source.h */
static DECLARE_DELAYED_WORK(copy_sources_work, copy_sources_reaper);

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

/* A share without rules admits users who prove who they are, which an address does not. */
static bool copy_source_is_admitted(struct ditto_share *share, const struct sockaddr_storage *addr)
{
	struct ditto_rule_reason why;
	struct ditto_verdict verdict;
	struct in6_addr in6;

	return ditto_addr_map((const struct sockaddr *)addr, &in6) &&
	       !ditto_rules_explain(share, &in6, &verdict, &why) &&
	       why.number && verdict.level != DITTO_ACCESS_NONE;
}

/* Mounts */

static struct nfs_server *copy_source_server(const struct dnfs4_copy_source *source)
{
	return NFS_SB(source->mnt->mnt_sb);
}

/*
 * Whether the NFS client keeps the mount, so that its end would have no effect. Without open files
 * only state owners hold it: the client has lost a reference to each of them.
 */
static bool copy_source_is_kept(const struct dnfs4_copy_source *source)
{
	return source->mnt && atomic_read(&copy_source_server(source)->active);
}

static int copy_source_begin(struct dnfs4_copy_source *source, const struct ditto_job *job)
{
	struct vfsmount *mnt;
	int cancelled;

	mnt = dnfs4_copy_mount(source->net, &source->addr);
	source->failed = jiffies;
	/* A copy that ends for a reason of its own tells the others nothing about the source. */
	cancelled = READ_ONCE(job->cancelled);
	source->has_failed = IS_ERR(mnt) && (!cancelled || cancelled == -EREMOTEIO);
	if (IS_ERR(mnt))
		return -EREMOTEIO;
	/* A source that says it has moved must not name another address to connect to. */
	set_bit(NFS_MIG_FAILED, &NFS_SB(mnt->mnt_sb)->mig_status);
	/* Pairs with copy_source_use(). */
	smp_store_release(&source->mnt, mnt);
	return 0;
}

/* Mount the source, unless another copy has done so, or has tried just now. */
static int copy_source_use(struct dnfs4_copy_source *source, const struct ditto_job *job)
{
	int err;

	/* Pairs with copy_source_begin(). */
	if (smp_load_acquire(&source->mnt))
		return 0;
	err = mutex_lock_killable(&copy_source_mounting);
	if (err)
		return err;
	if (source->has_failed && time_before(jiffies, source->failed + COPY_SOURCE_RETRY_S * HZ))
		err = -EREMOTEIO;
	else if (!source->mnt)
		err = copy_source_begin(source, job);
	mutex_unlock(&copy_source_mounting);
	return err;
}

/* Layouts, and a server that has moved, would name other addresses to connect to. */
static bool copy_source_is_alone(const struct dnfs4_copy_source *source)
{
	struct nfs_server *server = copy_source_server(source);
	struct sockaddr_storage addr = { };

	/* A kernel without NFSv4 mounts no source. */
#if IS_ENABLED(CONFIG_NFS_V4)
	if (server->pnfs_curr_ld)
		return false;
#endif
	rpc_peeraddr(server->client, (struct sockaddr *)&addr, sizeof(addr));
	return rpc_cmp_addr((struct sockaddr *)&addr, (struct sockaddr *)&source->addr);
}

/* The end of a mount says goodbye to the source, which may not answer: a fatal signal ends that. */
static int copy_source_ender(void *data)
{
	struct dnfs4_copy_source *source = data;

	allow_signal(SIGKILL);
	mntput(source->mnt);
	complete(&source->ended);
	return 0;
}

static void copy_source_end(struct dnfs4_copy_source *source)
{
	struct task_struct *thread;

	init_completion(&source->ended);
	if (!source->mnt)
		return;
	/* Reads that were interrupted are repeated for as long as the source wants it. */
	copy_source_server(source)->client->cl_shutdown = 1;
	rpc_killall_tasks(copy_source_server(source)->client);
	thread = kthread_create(copy_source_ender, source, "ditto_copy_end");
	if (IS_ERR(thread)) {
		mntput(source->mnt);
		return;
	}
	source->ender = get_task_struct(thread);
	wake_up_process(thread);
}

/* Wait for the end, for @left jiffies. Return: what is left of them. */
static unsigned long copy_source_free(struct dnfs4_copy_source *source, unsigned long left)
{
	if (source->ender) {
		left = wait_for_completion_timeout(&source->ended, left);
		if (!left)
			send_sig(SIGKILL, source->ender, 1);
		kthread_stop_put(source->ender);
	}
	dnfs4_copy_users_exit(&source->users);
	kfree(source);
	return left;
}

/* The list */

static struct dnfs4_copy_source *copy_source_find(const struct net *net,
						  const struct sockaddr_storage *addr)
{
	struct dnfs4_copy_source *source;

	lockdep_assert_held(&copy_sources_lock);
	list_for_each_entry(source, &copy_sources, link)
		if (source->net == net && rpc_cmp_addr((const struct sockaddr *)&source->addr,
						       (const struct sockaddr *)addr))
			return source;
	return NULL;
}

static struct dnfs4_copy_source *copy_source_add(struct net *net,
						 const struct sockaddr_storage *addr)
{
	struct dnfs4_copy_source *source;

	lockdep_assert_held(&copy_sources_lock);
	if (copy_sources_count == DNFS4_COPY_SOURCES_MAX)
		return NULL;
	source = kzalloc(sizeof(*source), GFP_KERNEL);
	if (!source)
		return NULL;
	source->net = net;
	source->addr = *addr;
	INIT_LIST_HEAD(&source->files);
	dnfs4_copy_users_init(&source->users);
	list_add(&source->link, &copy_sources);
	copy_sources_count++;
	return source;
}

VISIBLE_IF_KUNIT struct dnfs4_copy_source *dnfs4_copy_source_get(struct dnfs4_server *server,
								 struct dnfs4_copy_from *from)
{
	struct dnfs4_copy_source *source = NULL;
	struct net *net = server->srv->net;
	struct dnfs4_copy_from *other;

	mutex_lock(&copy_sources_lock);
	/* Pairs with dnfs4_copy_sources_stop(). */
	if (READ_ONCE(server->started))
		source = copy_source_find(net, &from->addr) ?: copy_source_add(net, &from->addr);
	if (!source) {
		source = ERR_PTR(-EREMOTEIO);
		goto unlock;
	}
	list_for_each_entry(other, &source->files, link) {
		if (nfs_compare_fh(&other->fh, &from->fh))
			continue;
		source = ERR_PTR(-EJUKEBOX);
		goto unlock;
	}
	source->stopped = false;
	list_add(&from->link, &source->files);
unlock:
	mutex_unlock(&copy_sources_lock);
	return source;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs4_copy_source_get);

VISIBLE_IF_KUNIT void dnfs4_copy_source_put(struct dnfs4_copy_source *source,
					    struct dnfs4_copy_from *from)
{
	mutex_lock(&copy_sources_lock);
	source->idle = jiffies;
	list_del(&from->link);
	if (source->stopped)
		mod_delayed_work(system_unbound_wq, &copy_sources_work, 0);
	else if (list_empty(&source->files))
		queue_delayed_work(system_unbound_wq, &copy_sources_work, COPY_SOURCE_IDLE_S * HZ);
	mutex_unlock(&copy_sources_lock);
}
EXPORT_SYMBOL_IF_KUNIT(dnfs4_copy_source_put);

/*
 * Whether to give up a source: if nobody has used it for a while, or the service has ended. A mount
 * that the NFS client keeps is kept here, too, so that later copies use it, and not one more. It is
 * asked again after a while, because a read may have been ending.
 */
static bool copy_source_is_over(const struct dnfs4_copy_source *source, bool *again)
{
	bool kept = copy_source_is_kept(source);

	lockdep_assert_held(&copy_sources_lock);
	if (!list_empty(&source->files))
		return false;
	if (time_before(jiffies, source->idle + COPY_SOURCE_IDLE_S * HZ) &&
	    (kept || !source->stopped)) {
		*again = true;
		return false;
	}
	return !kept;
}

/* Give up those that are over, or @all. */
static void copy_sources_reap(bool all)
{
	unsigned long left = COPY_SOURCE_END_S * HZ;
	struct dnfs4_copy_source *source, *next;
	bool again = false;
	LIST_HEAD(gone);

	mutex_lock(&copy_sources_lock);
	list_for_each_entry_safe(source, next, &copy_sources, link) {
		if (!all && !copy_source_is_over(source, &again))
			continue;
		list_move(&source->link, &gone);
		copy_sources_count--;
	}
	if (again)
		queue_delayed_work(system_unbound_wq, &copy_sources_work, COPY_SOURCE_IDLE_S * HZ);
	mutex_unlock(&copy_sources_lock);
	list_for_each_entry(source, &gone, link)
		copy_source_end(source);
	list_for_each_entry_safe(source, next, &gone, link)
		left = copy_source_free(source, left);
}

static void copy_sources_reaper(struct work_struct *work)
{
	copy_sources_reap(false);
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
	struct dnfs4_copy_user *user;

	if (!copy_source_is_admitted(share, &from->addr))
		return ERR_PTR(-EREMOTEIO);
	source = dnfs4_copy_source_get(server, from);
	if (IS_ERR(source))
		return source;
	if (copy_source_use(source, from->job) || !copy_source_is_alone(source))
		goto put;
	mutex_lock(&copy_sources_lock);
	user = dnfs4_copy_user_begin(&source->users, cred);
	mutex_unlock(&copy_sources_lock);
	if (!user)
		goto put;
	*file = copy_source_open_file(source->mnt, from, cred);
	mutex_lock(&copy_sources_lock);
	dnfs4_copy_user_end(&source->users, user, !IS_ERR(*file));
	mutex_unlock(&copy_sources_lock);
	if (!IS_ERR(*file))
		return source;
put:
	dnfs4_copy_source_put(source, from);
	return ERR_PTR(-EREMOTEIO);
}

static bool copy_source_reads(const struct rpc_task *task, const void *inode)
{
	const struct rpc_procinfo *proc = task->tk_msg.rpc_proc;
	const struct nfs_pgio_header *hdr;

	if (!proc || (proc->p_statidx != NFSPROC4_CLNT_READ &&
		      proc->p_statidx != NFSPROC4_CLNT_READ_PLUS))
		return false;
	hdr = task->tk_calldata;
	return hdr->inode == inode;
}

/*
 * Reads that were interrupted are repeated for as long as the source wants it. They are ended, so
 * that they are not piled up in the mount. One that is just being repeated forgets that it was.
 */
static void copy_source_end_reads(struct dnfs4_copy_source *source, const struct inode *inode)
{
	unsigned long end = jiffies + msecs_to_jiffies(COPY_SOURCE_READS_MS);
	struct rpc_clnt *client = copy_source_server(source)->client;

	while (rpc_cancel_tasks(client, -ERESTARTSYS, copy_source_reads, inode) &&
	       time_before(jiffies, end))
		schedule_timeout_uninterruptible(msecs_to_jiffies(COPY_SOURCE_STEP_MS));
}

void dnfs4_copy_source_close(struct dnfs4_copy_source *source, struct dnfs4_copy_from *from,
			     struct file *file, bool interrupted)
{
	struct nfs_ssc_client_ops_tbl *table = symbol_get(nfs_ssc_client_tbl);

	if (interrupted)
		copy_source_end_reads(source, file_inode(file));
	/* So that no CLOSE is sent for what was opened by the client. */
	if (table) {
		table->ssc_nfs4_ops->sco_close(file);
		symbol_put(nfs_ssc_client_tbl);
	}
	__fput_sync(file);
	dnfs4_copy_source_put(source, from);
}

void dnfs4_copy_sources_stop(struct dnfs4_server *server)
{
	struct dnfs4_copy_source *source;
	struct dnfs4_copy_from *from;

	mutex_lock(&copy_sources_lock);
	list_for_each_entry(source, &copy_sources, link) {
		if (source->net != server->srv->net)
			continue;
		source->stopped = true;
		list_for_each_entry(from, &source->files, link)
			ditto_job_cancel(from->job, -EREMOTEIO);
	}
	mutex_unlock(&copy_sources_lock);
	copy_sources_reap(false);
}
EXPORT_SYMBOL_IF_KUNIT(dnfs4_copy_sources_stop);

void dnfs4_copy_sources_cleanup(void)
{
	cancel_delayed_work_sync(&copy_sources_work);
	copy_sources_reap(true);
}
