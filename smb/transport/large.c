// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages that are longer than the receive buffer. Each is received into a buffer of its own; or
 * only its beginning is, and the data with which it ends are taken from the socket without a copy.
 *
 * Only data of a request that is neither signed nor encrypted are taken: the client may be able to
 * change them until they are used, and the signature would have been checked for other data.
 */
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <net/sock.h>

#include "../../net/rx_data.h"
#include "../server.h"
#include "../wire/cursor.h"
#include "buf.h"
#include "command.h"
#include "conn.h"
#include "transport_private.h"

/*
 * Shorter data are copied; data of users are never shorter, as their receive buffer is SZ_16K. What
 * strangers send is copied whatever its length: they would have segments held for it.
 */
#define TAKEN_MIN	(SZ_16K - SZ_512)

/*
 * Where the data begin with which a message of @len bytes ends, if they are to be taken; else 0.
 * @there bytes of it have arrived.
 */
static u32 large_data_at(const struct dsmb_transport *t, const u8 *message, u32 there, u32 len)
{
	struct dsmb_cursor c = dsmb_cursor(message, there);
	const struct dsmb_command *cmd = NULL;
	u32 id, flags, next, at;
	u16 command;

	id = dsmb_get_u32(&c);
	dsmb_seek(&c, offsetof(struct dsmb_header, command));
	command = dsmb_get_u16(&c);
	dsmb_seek(&c, offsetof(struct dsmb_header, flags));
	flags = dsmb_get_u32(&c);
	next = dsmb_get_u32(&c);
	dsmb_seek(&c, sizeof(struct dsmb_header));
	if (command < DSMB_COMMANDS)
		cmd = dsmb_commands[command];
	if (c.bad || id != DSMB_PROTOCOL_ID || (flags & DSMB_FLAG_SIGNED) || next || !cmd ||
	    !cmd->data_at || !ditto_can_take(t->sock) ||
	    dsmb_allowance(t->conn)->rx < TAKEN_MIN)
		return 0;
	at = cmd->data_at(&c, len);
	return at <= there && len - at >= TAKEN_MIN ? at : 0;
}

/* Begin to take the data of @t->large, of which @there bytes at @data were received already. */
static int large_take(struct dsmb_transport *t, const u8 *data, u32 there, u32 bytes)
{
	if (!dsmb_buf_claim_rx(t->conn->server, bytes))
		return -ENOMEM;
	t->taken = ditto_rx_data_new();
	if (t->taken && !ditto_rx_data_add(t->taken, data, there))
		return 0;
	ditto_rx_data_free(t->taken);
	t->taken = NULL;
	dsmb_buf_unclaim_rx(t->conn->server, bytes);
	return -ENOMEM;
}

/*
 * Begin to receive a message that is longer than the receive buffer. Context: process; may sleep
 * for memory; the caller has the right to receive. Return: 0 or -ENOMEM.
 */
int dsmb_large_begin(struct dsmb_transport *t, u32 len)
{
	const u8 *message = t->rx->data + t->rx_start + DSMB_FRAME;
	u32 there = t->rx_end - t->rx_start - DSMB_FRAME;
	u32 at = large_data_at(t, message, there, len);
	u32 flat = at ?: len;
	struct dsmb_buf *buf;

	buf = dsmb_buf_get_rx(t->conn->server, DSMB_LARGE_AT + flat);
	if (!buf)
		return -ENOMEM;
	if (at && large_take(t, message + at, there - at, len - at)) {
		dsmb_buf_put(t->conn->server, buf);
		return -ENOMEM;
	}
	memcpy(buf->data + DSMB_LARGE_AT, message, min(there, flat));
	/* Earlier messages may still use the old buffer. */
	if (refcount_read(&t->rx->ref) > 1) {
		dsmb_buf_put(t->conn->server, t->rx);
		t->rx = NULL;
	}
	t->rx_start = 0;
	t->rx_end = 0;
	/* The bytes are in use, so they are in flight from now on. */
	dsmb_transport_charge(t, len);
	t->large = buf;
	t->large_len = len;
	t->large_flat = flat;
	t->large_have = there;
	return 0;
}

/*
 * Receive more of such a message. Context: process; may sleep for memory; the caller has the right
 * to receive. Return: as dsmb_transport_recv(), or -ENOMEM.
 */
int dsmb_large_receive(struct dsmb_transport *t)
{
	u32 want = t->large_len - t->large_have;
	int n;

	if (t->taken)
		n = ditto_rx_data_receive(t->taken, t->sock, want) ?: -EAGAIN;
	else
		n = dsmb_transport_recv(t, t->large->data + DSMB_LARGE_AT + t->large_have, want);
	if (n > 0)
		t->large_have += n;
	ditto_report_from(t->sock, t->large_len - t->large_have);
	return n;
}

/* Drop what was received of such a message, if there is one. Process context. */
void dsmb_large_drop(struct dsmb_transport *t)
{
	if (t->taken)
		dsmb_buf_unclaim_rx(t->conn->server, t->large_len - t->large_flat);
	ditto_rx_data_free(t->taken);
	dsmb_buf_put(t->conn->server, t->large);
	t->taken = NULL;
	t->large = NULL;
}
