// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections for the callbacks of 4.0. The client names address, port and program of its
 * callbacks in SETCLIENTID, so anybody could have the server call services of others, and this
 * server's own, in its name. Therefore
 *  - it calls the address from which SETCLIENTID came only, at a port and a program number that no
 *    service of a system has,
 *  - a call makes one connection (rpc/dial.h),
 *  - connections to an address that bring no answer are followed by pauses that grow, for all
 *    clients of the address together. A client that is made anew does not end them.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/random.h>
#include <linux/sunrpc/addr.h>
#include <net/sock.h>

#include "../../../../net/peer.h"
#include "cb_dial.h"
#include "delegation.h"

/* Transient program numbers (RFC 5531 section 8.3). */
#define PROGRAM_FIRST	0x40000000
#define PROGRAM_LAST	0x5fffffff

/* Pause after the first failure; then bounds for one that doubles. */
#define PAUSE_FIRST_MS	20
#define PAUSE_MIN_MS	500
#define PAUSE_MAX_MS	15000
/* Time after the end of a pause in which it is still remembered. */
#define PAUSE_KEPT	(60 * HZ)

/* Addresses */

/* May a client that calls from @from be called back at @to? Address and program are compared. */
bool dnfs4_dial_is_allowed(const struct dnfs4_callback_addr *to, const struct sockaddr *from)
{
	const struct sockaddr *addr = (const struct sockaddr *)&to->addr;
	struct in6_addr named, real;

	return to->program >= PROGRAM_FIRST && to->program <= PROGRAM_LAST &&
	       rpc_get_port(addr) >= PROT_SOCK &&
	       ditto_addr_map(addr, &named) && ditto_addr_map(from, &real) &&
	       ipv6_addr_equal(&named, &real) &&
	       (addr->sa_family != AF_INET6 || from->sa_family != AF_INET6 ||
		rpc_get_scope_id(addr) == rpc_get_scope_id(from));
}

/* Pauses */

/* Set up the pauses of a new server. */
void dnfs4_dials_init(struct dnfs4_dials *dials)
{
	spin_lock_init(&dials->lock);
	get_random_bytes(&dials->key, sizeof(dials->key));
}

/* The pause after a failure, in milliseconds. @failures: those before it, one after another. */
u32 dnfs4_dial_pause_ms(u32 failures)
{
	if (!failures)
		return PAUSE_FIRST_MS;
	return min_t(u32, PAUSE_MIN_MS << min(failures, 5U), PAUSE_MAX_MS);
}

static struct dnfs4_dial_pause *dial_pause_of(struct dnfs4_dials *dials, const struct sockaddr *to)
{
	struct in6_addr addr;

	if (!ditto_addr_map(to, &addr))
		return NULL;
	return &dials->pauses[siphash(&addr, sizeof(addr), &dials->key) % DNFS4_DIAL_PAUSES];
}

/*
 * May a connection to an address that has not answered yet be made now? If so, the caller makes
 * one, and a pause begins with it. Else @due is set to the jiffies from which on it may ask again.
 */
bool dnfs4_dial_is_due(struct dnfs4_dials *dials, const struct sockaddr *to, unsigned long *due)
{
	struct dnfs4_dial_pause *pause = dial_pause_of(dials, to);
	bool is_due = true;

	if (!pause)
		return true;
	spin_lock(&dials->lock);
	if (pause->attempts && time_after(jiffies, pause->until + PAUSE_KEPT))
		pause->attempts = 0;
	if (pause->attempts && time_before(jiffies, pause->until)) {
		*due = pause->until;
		is_due = false;
	} else {
		pause->until = jiffies + msecs_to_jiffies(dnfs4_dial_pause_ms(pause->attempts));
		pause->attempts++;
	}
	spin_unlock(&dials->lock);
	return is_due;
}

/* End the pause of an address. */
void dnfs4_dial_answered(struct dnfs4_dials *dials, const struct sockaddr *to)
{
	struct dnfs4_dial_pause *pause = dial_pause_of(dials, to);

	if (!pause)
		return;
	spin_lock(&dials->lock);
	pause->attempts = 0;
	spin_unlock(&dials->lock);
}
