/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether the calls of a connection are likely to wait for a device, so that they leave the rest of
 * its work to others before they are executed.
 *
 * A call that keeps the connection delays the others of the connection if it waits, but a call that
 * releases it costs the wake-up of another thread. So a connection is expected to block for a
 * number of calls, its span, behind a call that kept it and waited. The next calls keep it again;
 * if one of them waits soon, the span doubles, so few calls of a connection whose calls wait often
 * delay others.
 *
 * Calls that release the connection tell nothing. They are executed at the same time and wait for
 * each other, for the lock of a directory for instance, so a connection that learned from them
 * would be expected to block for ever.
 */
#ifndef _DITTO_NET_BLOCK_HINT_H
#define _DITTO_NET_BLOCK_HINT_H

#include <linux/compiler.h>
#include <linux/minmax.h>
#include <linux/types.h>

/* The shortest span, and the longest. */
#define DITTO_BLOCK_HINT_SPAN		16
#define DITTO_BLOCK_HINT_SPAN_MAX	1024
/* The span is the shortest again if so many calls kept the connection, the one that waits too. */
#define DITTO_BLOCK_HINT_KEPT		16

/**
 * struct ditto_block_hint - what a connection knows of its calls; zero at first
 * @left: calls that are still to release the connection
 * @span: @left behind the last call that waited
 * @kept: calls that kept the connection since; saturates at DITTO_BLOCK_HINT_KEPT
 *
 * A call may begin while another one tells that it has waited. Then one of the two may be lost.
 */
struct ditto_block_hint {
	unsigned int left;
	unsigned int span;
	unsigned int kept;
};

/*
 * A call begins. Context: any; one call of a connection at a time. Return: true if the call is to
 * release the connection before it is executed.
 */
static inline bool ditto_block_hint_begin(struct ditto_block_hint *hint)
{
	unsigned int left = READ_ONCE(hint->left), kept;

	if (unlikely(left)) {
		WRITE_ONCE(hint->left, left - 1);
		return true;
	}
	kept = READ_ONCE(hint->kept);
	if (unlikely(kept < DITTO_BLOCK_HINT_KEPT))
		WRITE_ONCE(hint->kept, kept + 1);
	return false;
}

/*
 * A call that did not release the connection has waited. Context: any; under a lock of the
 * connection.
 */
static inline void ditto_block_hint_waited(struct ditto_block_hint *hint)
{
	unsigned int span = DITTO_BLOCK_HINT_SPAN;

	if (hint->span && READ_ONCE(hint->kept) < DITTO_BLOCK_HINT_KEPT)
		span = min(2 * hint->span, DITTO_BLOCK_HINT_SPAN_MAX);
	hint->span = span;
	WRITE_ONCE(hint->kept, 0);
	WRITE_ONCE(hint->left, span);
}

#endif
