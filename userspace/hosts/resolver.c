// SPDX-License-Identifier: GPL-2.0-only
/*
 * Non-blocking look-up of host names.
 *
 * A host in the table is being looked up while c-ares owes it callbacks. After HOST_TIME the
 * waiting look-ups end with -EAGAIN, and a later result is only cached.
 */

#include <ares.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "host_names.h"
#include "mem.h"
#include "resolver.h"

/* Most hosts in the cache, and most that are looked up at the same time. */
#define HOSTS_MAX	4096
#define HOSTS_BUSY_MAX	256
#define BUCKETS		1024
/* Milliseconds until a host is given up, and until a query is first retried. */
#define HOST_TIME	8000
#define QUERY_TIME	2000
#define QUERY_TRIES	2
/*
 * Milliseconds for which names are cached, in addition to the kernel's cache; the same for
 * negative answers and for missing replies.
 */
#define KEEP_NAMES	10000
#define KEEP_NONE	5000
#define KEEP_AGAIN	5000

#define EVENTS		16
/* Number of files that answers depend on. */
#define FILES		3

/* RFC 1035 sections 3.2.2, 3.2.4. */
#define TYPE_PTR	12
#define CLASS_IN	1
/* Longest name of an address in the DNS, including the NUL. */
#define REVERSE_SIZE	80

/**
 * struct host - an address and its names
 * @bucket: entry in the hash bucket
 * @age: entry in the list ordered by look-up time
 * @resolver: the resolver
 * @addr: the address
 * @owed: number of pending callbacks; 0 if the answer is available
 * @given_up: the look-up takes too long, and no caller waits for it
 * @again: a name server did not answer
 * @until: when the look-up is given up or the answer expires, in ms
 * @names: names that resolve back; shrunk to @names->n entries when @owed becomes 0
 * @waiting: look-ups that wait for the answer
 */
struct host {
	TAILQ_ENTRY(host) bucket;
	TAILQ_ENTRY(host) age;
	struct resolver *resolver;
	struct address addr;
	unsigned int owed;
	bool given_up;
	bool again;
	u64 until;
	struct nss_names *names;
	struct host_lookup *waiting;
};

TAILQ_HEAD(host_list, host);

/* A name that may resolve back to a host. */
struct candidate {
	struct host *host;
	char name[NSS_NAME_SIZE];
};

/* Identifies one version of a file. */
struct file_mark {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed;
};

/**
 * struct resolver - state of the resolver
 * @servers: see resolver_new()
 * @channel: of c-ares; NULL if it could not be created, and then @file is NULL too
 * @file: a channel that reads only /etc/hosts; when both sources are used for an address,
 *	the library does not distinguish a negative answer from no answer
 * @well: see resolver_is_well()
 * @dns: the DNS is used, not only /etc/hosts
 * @poll: epoll descriptor that watches the sockets and @timer
 * @timer: fires when a query or host has waited long enough
 * @marks: versions of the files that answers depend on
 * @bucket: hash table of hosts by address
 * @age: all hosts, oldest look-up first
 * @n: number of hosts
 * @busy: hosts that are being looked up
 * @nbusy: number of entries in @busy
 * @ended: look-ups whose @done is to be called
 */
struct resolver {
	char *servers;
	ares_channel channel;
	ares_channel file;
	bool well;
	bool dns;
	int poll;
	int timer;
	struct file_mark marks[FILES];
	struct host_list bucket[BUCKETS];
	struct host_list age;
	unsigned int n;
	struct host *busy[HOSTS_BUSY_MAX];
	unsigned int nbusy;
	struct host_lookup *ended;
};

const char *const resolver_files[FILES + 1] = {
	"/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", NULL
};

static int address_family(const struct address *addr)
{
	return addr->len == 4 ? AF_INET : AF_INET6;
}

/* FNV-1a */
static unsigned int bucket_of(const struct address *addr)
{
	u32 hash = 2166136261U;
	unsigned int i;

	for (i = 0; i < addr->len; i++)
		hash = (hash ^ addr->bytes[i]) * 16777619U;
	return hash % BUCKETS;
}

static struct host *host_find(struct resolver *r, const struct address *addr)
{
	struct host *h;

	TAILQ_FOREACH(h, &r->bucket[bucket_of(addr)], bucket)
		if (h->addr.len == addr->len && !memcmp(h->addr.bytes, addr->bytes, addr->len))
			return h;
	return NULL;
}

static void host_free(struct host *h)
{
	struct resolver *r = h->resolver;

	TAILQ_REMOVE(&r->bucket[bucket_of(&h->addr)], h, bucket);
	TAILQ_REMOVE(&r->age, h, age);
	r->n--;
	free(h->names);
	free(h);
}

/* Add a host. If the cache is full, the oldest one that is not being looked up is evicted. */
static struct host *host_new(struct resolver *r, const struct address *addr)
{
	struct host *h;

	if (r->n == HOSTS_MAX) {
		TAILQ_FOREACH(h, &r->age, age)
			if (!h->owed)
				break;
		/* Never NULL: HOSTS_BUSY_MAX is less than HOSTS_MAX. */
		host_free(h);
	}
	h = mem_new(sizeof(*h));
	h->resolver = r;
	h->addr = *addr;
	TAILQ_INSERT_TAIL(&r->bucket[bucket_of(addr)], h, bucket);
	TAILQ_INSERT_TAIL(&r->age, h, age);
	r->n++;
	return h;
}

/* Answer a look-up with the present result. */
static void host_answer(const struct host *h, struct host_lookup *l, bool given_up)
{
	const struct nss_names *names = h->names;
	struct resolver *r = h->resolver;

	l->names->n = names->n;
	memcpy(l->names->name, names->name, names->n * sizeof(names->name[0]));
	l->error = names->n ? 0 : given_up || h->again ? -EAGAIN : -ENOENT;
	l->next = r->ended;
	r->ended = l;
}

static void host_answer_all(struct host *h, bool given_up)
{
	struct host_lookup *l;

	while ((l = h->waiting)) {
		h->waiting = l->next;
		host_answer(h, l, given_up);
	}
}

/* Count one callback; with the last one the answer is complete. */
static void host_heard(struct host *h, int status)
{
	struct resolver *r = h->resolver;
	size_t size;
	unsigned int i;

	switch (status) {
	case ARES_SUCCESS:
	case ARES_ENODATA:
	case ARES_ENOTFOUND:
	case ARES_EBADNAME:
	case ARES_EBADRESP:
		break;
	default:
		h->again = true;
	}
	if (--h->owed)
		return;
	for (i = 0; r->busy[i] != h; i++)
		;
	r->busy[i] = r->busy[--r->nbusy];
	h->given_up = false;
	host_answer_all(h, false);
	h->until = clock_ms() + (h->names->n ? KEEP_NAMES : h->again ? KEEP_AGAIN : KEEP_NONE);
	size = offsetof(struct nss_names, name) + h->names->n * sizeof(h->names->name[0]);
	h->names = realloc(h->names, size) ?: h->names;
}

static bool same_address(const struct sockaddr *sa, const struct address *addr)
{
	if (addr->len == 4 && sa->sa_family == AF_INET)
		return !memcmp(&((const struct sockaddr_in *)sa)->sin_addr, addr->bytes, 4);
	if (addr->len == 16 && sa->sa_family == AF_INET6)
		return !memcmp(&((const struct sockaddr_in6 *)sa)->sin6_addr, addr->bytes, 16);
	return false;
}

/* Callback with the addresses of a name. */
static void on_addresses(void *arg, int status, int timeouts, struct ares_addrinfo *list)
{
	const struct ares_addrinfo_node *node = list ? list->nodes : NULL;
	struct candidate *c = arg;
	struct nss_names *names = c->host->names;

	(void)timeouts;
	while (node && !same_address(node->ai_addr, &c->host->addr))
		node = node->ai_next;
	if (node && names->n < NSS_NAMES_MAX)
		memcpy(names->name[names->n++], c->name, sizeof(c->name));
	if (list)
		ares_freeaddrinfo(list);
	host_heard(c->host, status);
	free(c);
}

static void host_try_name(struct host *h, const char *name)
{
	const struct ares_addrinfo_hints hints = {
		.ai_family = address_family(&h->addr),
		.ai_flags = ARES_AI_NOSORT,
	};
	struct candidate *c;

	if (!host_name_good(name))
		return;
	c = mem_new(sizeof(*c));
	c->host = h;
	memcpy(c->name, name, strlen(name));
	h->owed++;
	ares_getaddrinfo(h->resolver->channel, name, NULL, &hints, on_addresses, c);
}

static bool is_repeated(char **aliases, unsigned int i, const char *first)
{
	unsigned int j;

	for (j = 0; j < i; j++)
		if (!strcasecmp(aliases[j], aliases[i]))
			return true;
	return !strcasecmp(first, aliases[i]);
}

static void host_try_names(struct host *h, const struct hostent *host)
{
	unsigned int i;

	host_try_name(h, host->h_name);
	for (i = 0; host->h_aliases[i] && i + 1 < NSS_NAMES_MAX; i++)
		if (!is_repeated(host->h_aliases, i, host->h_name))
			host_try_name(h, host->h_aliases[i]);
}

/* Callback with the reply of a name server. */
static void on_pointers(void *arg, int status, int timeouts, unsigned char *answer, int len)
{
	struct hostent *host = NULL;
	struct host *h = arg;

	(void)timeouts;
	if (status == ARES_SUCCESS)
		status = ares_parse_ptr_reply(answer, len, h->addr.bytes, (int)h->addr.len,
					      address_family(&h->addr), &host);
	if (host) {
		host_try_names(h, host);
		ares_free_hostent(host);
	}
	host_heard(h, status);
}

/* Build the name of an address in the DNS (RFC 1035 section 3.5, RFC 3596 section 2.5). */
static void reverse_name(const struct address *addr, char name[REVERSE_SIZE])
{
	bool four = addr->len == 4;
	size_t used = 0;
	unsigned int i;

	for (i = addr->len; i--;)
		used += (size_t)snprintf(name + used, REVERSE_SIZE - used, four ? "%u." : "%x.%x.",
					 four ? addr->bytes[i] : addr->bytes[i] & 15,
					 addr->bytes[i] >> 4);
	snprintf(name + used, REVERSE_SIZE - used, four ? "in-addr.arpa" : "ip6.arpa");
}

/* Callback with the entry of /etc/hosts. Without one, the DNS is queried. */
static void on_file(void *arg, int status, int timeouts, struct hostent *host)
{
	char name[REVERSE_SIZE];
	struct host *h = arg;

	(void)timeouts;
	if (status == ARES_SUCCESS)
		host_try_names(h, host);
	if (status == ARES_SUCCESS || !h->resolver->dns) {
		host_heard(h, ARES_SUCCESS);
	} else {
		reverse_name(&h->addr, name);
		ares_query(h->resolver->channel, name, CLASS_IN, TYPE_PTR, on_pointers, h);
	}
}

static void host_start(struct host *h)
{
	struct resolver *r = h->resolver;

	free(h->names);
	h->names = mem_new(sizeof(*h->names));
	h->given_up = false;
	h->again = false;
	h->until = clock_ms() + HOST_TIME;
	h->owed = 1;
	r->busy[r->nbusy++] = h;
	TAILQ_REMOVE(&r->age, h, age);
	TAILQ_INSERT_TAIL(&r->age, h, age);
	ares_gethostbyaddr(r->file, h->addr.bytes, (int)h->addr.len, address_family(&h->addr),
			   on_file, h);
}

static void resolver_set_timer(struct resolver *r)
{
	struct itimerspec at = { 0 };
	u64 now = clock_ms(), wait = UINT64_MAX;
	struct timeval space, *tv;
	unsigned int i;

	for (i = 0; i < r->nbusy; i++) {
		const struct host *h = r->busy[i];
		u64 left = h->until > now ? h->until - now : 0;

		if (!h->given_up && left < wait)
			wait = left;
	}
	tv = r->channel ? ares_timeout(r->channel, NULL, &space) : NULL;
	if (tv && (u64)tv->tv_sec * 1000 + (u64)tv->tv_usec / 1000 < wait)
		wait = (u64)tv->tv_sec * 1000 + (u64)tv->tv_usec / 1000;
	if (wait != UINT64_MAX) {
		/* A timer set to zero would be disarmed. */
		wait++;
		at.it_value.tv_sec = (time_t)(wait / 1000);
		at.it_value.tv_nsec = (long)(wait % 1000) * 1000000;
	}
	timerfd_settime(r->timer, 0, &at, NULL);
}

/* Call the @done functions outside of c-ares, so that they may submit further look-ups. */
static void resolver_deliver(struct resolver *r)
{
	struct host_lookup *l;
	u64 now = clock_ms();
	unsigned int i;

	for (i = 0; i < r->nbusy; i++)
		if (now >= r->busy[i]->until && !r->busy[i]->given_up) {
			r->busy[i]->given_up = true;
			host_answer_all(r->busy[i], true);
		}
	resolver_set_timer(r);
	while ((l = r->ended)) {
		r->ended = l->next;
		l->done(l);
	}
}

static void on_socket(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct epoll_event event = {
		.events = (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0),
		.data.fd = fd,
	};
	const struct resolver *r = arg;

	if (!event.events)
		epoll_ctl(r->poll, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(r->poll, EPOLL_CTL_MOD, fd, &event) && errno == ENOENT)
		epoll_ctl(r->poll, EPOLL_CTL_ADD, fd, &event);
}

static void resolver_disconnect(struct resolver *r)
{
	if (r->channel)
		ares_destroy(r->channel);
	if (r->file)
		ares_destroy(r->file);
	r->channel = NULL;
	r->file = NULL;
}

/* Return true if the configuration uses the DNS. */
static bool resolver_has_dns(ares_channel channel)
{
	struct ares_options options;
	bool has = false;
	int mask;

	if (!ares_save_options(channel, &options, &mask)) {
		has = options.lookups && strchr(options.lookups, 'b');
		ares_destroy_options(&options);
	}
	return has;
}

/* Names are looked up in the DNS without a search domain, or in /etc/hosts. */
static void resolver_connect(struct resolver *r)
{
	const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_DOMAINS |
			 ARES_OPT_SOCK_STATE_CB;
	char both[] = "fb", file[] = "f";
	struct ares_options options = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
		.timeout = QUERY_TIME,
		.tries = QUERY_TRIES,
		.lookups = file,
		.sock_state_cb = on_socket,
		.sock_state_cb_data = r,
	};
	int rc;

	rc = ares_init_options(&r->file, &options, mask | ARES_OPT_LOOKUPS);
	if (rc)
		goto err;
	options.lookups = both;
	rc = ares_init_options(&r->channel, &options,
			       r->servers ? mask | ARES_OPT_LOOKUPS : mask);
	if (rc)
		goto err;
	if (r->servers) {
		rc = ares_set_servers_ports_csv(r->channel, r->servers);
		if (rc)
			goto err;
	}
	r->dns = resolver_has_dns(r->channel);
	return;

err:
	resolver_disconnect(r);
}

static void file_look(const char *path, struct file_mark *mark)
{
	struct stat st;

	memset(mark, 0, sizeof(*mark));
	if (stat(path, &st))
		return;
	mark->dev = st.st_dev;
	mark->ino = st.st_ino;
	mark->size = st.st_size;
	mark->changed = st.st_mtim;
}

/*
 * True if the file is readable, but the sandbox forbids it because the file was elsewhere when
 * the sandbox was closed.
 */
static bool file_is_shut(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == EACCES && !access(path, R_OK);
	close(fd);
	return false;
}

/* A changed file may change the answers and the servers. */
static void resolver_check_files(struct resolver *r)
{
	struct file_mark marks[FILES];
	size_t i;

	/* Clear the padding too, because memcmp() compares it. */
	memset(marks, 0, sizeof(marks));
	for (i = 0; i < FILES; i++)
		file_look(resolver_files[i], &marks[i]);
	if (r->channel && !memcmp(marks, r->marks, sizeof(marks)))
		return;
	memcpy(r->marks, marks, sizeof(marks));
	resolver_disconnect(r);
	resolver_forget(r);
	resolver_connect(r);
	r->well = r->channel;
	for (i = 0; i < FILES; i++)
		r->well &= !file_is_shut(resolver_files[i]);
}

void resolver_submit(struct resolver *r, struct host_lookup *l)
{
	struct host *h;

	resolver_check_files(r);
	h = host_find(r, &l->addr);
	if (!h && r->channel && r->nbusy < HOSTS_BUSY_MAX) {
		h = host_new(r, &l->addr);
		host_start(h);
	} else if (h && !h->owed && clock_ms() >= h->until && r->channel &&
		   r->nbusy < HOSTS_BUSY_MAX) {
		host_start(h);
	}
	if (!h) {
		l->names->n = 0;
		l->error = -EAGAIN;
		l->next = r->ended;
		r->ended = l;
	} else if (!h->owed || h->given_up) {
		host_answer(h, l, h->given_up);
	} else {
		l->next = h->waiting;
		h->waiting = l;
	}
	resolver_deliver(r);
}

bool resolver_is_well(const struct resolver *r)
{
	return r->well;
}

void resolver_forget(struct resolver *r)
{
	struct host *h, *next;

	for (h = TAILQ_FIRST(&r->age); h; h = next) {
		next = TAILQ_NEXT(h, age);
		if (!h->owed)
			host_free(h);
	}
}

int resolver_fd(const struct resolver *r)
{
	return r->poll;
}

void resolver_ready(struct resolver *r)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(r->poll, events, EVENTS, 0);
	u64 times;
	int i;

	for (i = 0; i < n; i++) {
		int fd = events[i].data.fd;
		bool out = events[i].events & EPOLLOUT;
		bool in = events[i].events & ~(u32)EPOLLOUT;

		if (fd == r->timer) {
			/* EAGAIN means that the timer was set again after it fired. */
			if (read(fd, &times, sizeof(times)) < 0 && errno != EAGAIN)
				abort();
		} else if (r->channel) {
			ares_process_fd(r->channel, in ? fd : ARES_SOCKET_BAD,
					out ? fd : ARES_SOCKET_BAD);
		}
	}
	if (r->channel)
		ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	resolver_deliver(r);
}

struct resolver *resolver_new(const char *servers)
{
	struct resolver *r = mem_new(sizeof(*r));
	struct epoll_event event = { .events = EPOLLIN };
	unsigned int i;

	for (i = 0; i < BUCKETS; i++)
		TAILQ_INIT(&r->bucket[i]);
	TAILQ_INIT(&r->age);
	r->servers = servers ? mem_string(servers) : NULL;
	r->poll = epoll_create1(EPOLL_CLOEXEC);
	r->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	event.data.fd = r->timer;
	if (r->poll >= 0 && r->timer >= 0 && !ares_library_init(ARES_LIB_INIT_ALL) &&
	    !epoll_ctl(r->poll, EPOLL_CTL_ADD, r->timer, &event)) {
		resolver_check_files(r);
		/* A file that is out of reach at the start would also be for a new process. */
		r->well = r->channel;
		return r;
	}
	resolver_free(r);
	return NULL;
}

void resolver_free(struct resolver *r)
{
	struct host *h;

	resolver_disconnect(r);
	while ((h = TAILQ_FIRST(&r->age)))
		host_free(h);
	while (r->ended) {
		struct host_lookup *l = r->ended;

		r->ended = l->next;
		l->done(l);
	}
	if (r->timer >= 0)
		close(r->timer);
	if (r->poll >= 0)
		close(r->poll);
	free(r->servers);
	free(r);
}
