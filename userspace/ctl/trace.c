// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl trace */

#include <errno.h>
#include <linux/genetlink.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/errno.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "clock.h"
#include "ctl.h"
#include "ditto-nl-gen.h"
#include "out.h"
#include "text.h"

#define OVER_MS		100
#define OVER_MS_MAX	86400000
#define FOR_S_MAX	86400
#define MS_NS		1000000
#define SECOND_NS	1000000000.0
#define PHASES		(DITTO_A_SLOW_CALL_SEND_NS - DITTO_A_SLOW_CALL_QUEUE_NS + 1)

/**
 * struct trace - what was told
 * @ctl: this run
 * @over: milliseconds that a call takes at least
 * @calls: calls that were told
 * @lost: calls that were not
 * @total: nanoseconds of all
 * @phases: of which in each phase
 */
struct trace {
	const struct ctl *ctl;
	u64 over;
	u64 calls;
	u64 lost;
	u64 total;
	u64 phases[PHASES];
};

static atomic_int trace_ends;

static void trace_on_signal(int number)
{
	(void)number;
	atomic_store(&trace_ends, 1);
}

static u64 call_number(struct nlattr *const *tb, unsigned int type)
{
	return tb[type] ? msg_number(&spec_slow_call_set.attrs[type], tb[type]) : 0;
}

/* A string that may have been chosen by a client. */
static void put_text(const struct nlattr *nla, const char *before, const char *behind)
{
	char *text;

	if (!nla)
		return;
	text = text_printable(nla_get_string(nla));
	printf("%s%s%s", before, text, behind);
	free(text);
}

/* The phase's attribute is followed by "-ns". */
static const char *phase_name(unsigned int phase, int *len)
{
	const char *name = spec_slow_call_set.attrs[DITTO_A_SLOW_CALL_QUEUE_NS + phase].name;

	*len = (int)strcspn(name, "-");
	return name;
}

static void put_phase(unsigned int phase)
{
	int len;
	const char *name = phase_name(phase, &len);

	printf("%.*s", len, name);
}

/* Whom the call waited for in the phase, if that is known. */
static void put_holder(struct nlattr **tb, const char *phase, int len)
{
	const struct nlattr *of = tb[DITTO_A_SLOW_CALL_HOLDER_PHASE];

	if (!of || strncmp(nla_get_string(of), phase, (size_t)len) || nla_get_string(of)[len])
		return;
	put_text(tb[DITTO_A_SLOW_CALL_HOLDER_PROTOCOL], " (", "");
	put_text(tb[DITTO_A_SLOW_CALL_HOLDER_CLIENT], " ", ")");
}

static void print_call(struct nlattr **tb)
{
	u64 total = call_number(tb, DITTO_A_SLOW_CALL_TOTAL_NS), time;
	char when[OUT_VALUE_MAX], address[OUT_VALUE_MAX] = "-";
	const char *before = "", *name;
	unsigned int i;
	int len;

	time = call_number(tb, DITTO_A_SLOW_CALL_TIME);
	time_text(time / 1000000000, time % 1000000000, true, when);
	if (tb[DITTO_A_SLOW_CALL_ADDRESS])
		value_text(&spec_slow_call_set.attrs[DITTO_A_SLOW_CALL_ADDRESS],
			   tb[DITTO_A_SLOW_CALL_ADDRESS], address, sizeof(address));
	/* Milliseconds are enough for people. */
	printf("%.23sZ  %.3fs  ", when, (double)total / SECOND_NS);
	put_text(tb[DITTO_A_SLOW_CALL_PROTOCOL], "", " ");
	put_text(tb[DITTO_A_SLOW_CALL_OPERATION], "", "");
	printf("  %s", address);
	put_text(tb[DITTO_A_SLOW_CALL_USER], " (", ")");
	put_text(tb[DITTO_A_SLOW_CALL_SHARE], "  ", "");
	if (tb[DITTO_A_SLOW_CALL_PATH])
		put_text(tb[DITTO_A_SLOW_CALL_PATH], "  ", "");
	else if (tb[DITTO_A_SLOW_CALL_FILEID])
		printf("  inode %llu", call_number(tb, DITTO_A_SLOW_CALL_FILEID));
	fputs("  ", stdout);
	for (i = 0; i < PHASES; i++) {
		u64 ns = call_number(tb, DITTO_A_SLOW_CALL_QUEUE_NS + i);

		if (!ns || ns < total / 100)
			continue;
		fputs(before, stdout);
		before = ", ";
		put_phase(i);
		printf(" %.3fs", (double)ns / SECOND_NS);
		name = phase_name(i, &len);
		put_holder(tb, name, len);
	}
	if (tb[DITTO_A_SLOW_CALL_AGAIN]) {
		name = nla_get_string(tb[DITTO_A_SLOW_CALL_AGAIN]);
		printf("; to come again: %s", name);
		put_holder(tb, name, (int)strlen(name));
	}
	putchar('\n');
}

static int on_message(struct nl_msg *msg, void *arg)
{
	struct nlattr *tb[DITTO_A_SLOW_CALL_MAX + 1];
	struct trace *t = arg;
	unsigned int i;

	if (genlmsg_hdr(nlmsg_hdr(msg))->cmd != DITTO_CMD_SLOW_CALL ||
	    msg_parse(msg, &spec_slow_call_set, tb))
		return NL_SKIP;
	t->lost += call_number(tb, DITTO_A_SLOW_CALL_LOST);
	t->calls++;
	t->total += call_number(tb, DITTO_A_SLOW_CALL_TOTAL_NS);
	for (i = 0; i < PHASES; i++)
		t->phases[i] += call_number(tb, DITTO_A_SLOW_CALL_QUEUE_NS + i);
	if (t->ctl->json) {
		json_message(stdout, msg, &spec_ops[DITTO_CMD_SLOW_CALL]);
		json_end(stdout);
	} else {
		print_call(tb);
	}
	fflush(stdout);
	return ferror(stdout) ? NL_STOP : NL_OK;
}

/* In the order in which calls go through the phases. */
static void print_sum(const struct trace *t)
{
	const char *before = ": ";
	unsigned int i;

	printf("%llu calls took at least %llu ms, together %.3fs", t->calls, t->over,
	       (double)t->total / SECOND_NS);
	for (i = 0; t->total && i < PHASES; i++) {
		double part = 100.0 * (double)t->phases[i] / (double)t->total;

		if (part < 0.5)
			continue;
		fputs(before, stdout);
		before = ", ";
		put_phase(i);
		printf(" %.0f %%", part);
	}
	putchar('\n');
	if (t->lost)
		printf("%llu more were lost, because they were too many\n", t->lost);
}

static void json_sum(const struct trace *t)
{
	unsigned int i;

	json_open(stdout, NULL, '{');
	json_number(stdout, "calls", t->calls);
	json_number(stdout, "lost", t->lost);
	json_number(stdout, "total-ns", t->total);
	for (i = 0; i < PHASES; i++)
		json_number(stdout, spec_slow_call_set.attrs[DITTO_A_SLOW_CALL_QUEUE_NS + i].name,
			    t->phases[i]);
	json_close(stdout, '}');
	json_end(stdout);
}

static void trace_put(struct nl_msg *msg, const void *arg)
{
	const u64 *ms = arg;

	msg_put_number(msg, &spec_slow_call_set, DITTO_A_SLOW_CALL_OVER_NS, *ms * MS_NS);
}

/* Receive until the time is over, or a signal. */
static void trace_receive(struct nl_sock *sock, u64 until)
{
	struct pollfd poller = { .fd = nl_socket_get_fd(sock), .events = POLLIN };
	u64 now;

	while (!ferror(stdout) && !atomic_load(&trace_ends) && (now = clock_ns()) < until) {
		u64 ms = (until - now) / MS_NS + 1;
		int rc = poll(&poller, 1, ms < 1000 ? (int)ms : 1000);

		if (rc <= 0)
			continue;
		rc = nl_recvmsgs_default(sock);
		/* The receive buffer overflowed; the kernel has counted what was lost. */
		if (rc < 0 && rc != -NLE_NOMEM && rc != -NLE_INTR && rc != -NLE_AGAIN)
			return;
	}
}

static int trace_slow(struct ctl *ctl, char **words)
{
	const struct sigaction on_signal = { .sa_handler = trace_on_signal };
	u64 over = OVER_MS, seconds = 0;
	struct trace t = { .ctl = ctl };
	bool limited = false;
	struct nl_sock *sock;
	struct why why;

	for (; *words; words++) {
		const char *option = *words;
		bool is_over = !strcmp(option, "--over");

		if (!is_over && strcmp(option, "--for"))
			return ctl_no_more(ctl, words);
		if (!*++words)
			return ctl_usage(ctl, "a number is missing behind '%s'", option);
		if (is_over ? !text_number(*words, 0, OVER_MS_MAX, &over, &why) :
			      !text_number(*words, 1, FOR_S_MAX, &seconds, &why))
			return ctl_usage(ctl, "%s: %s", option, why.text);
		limited |= !is_over;
	}
	t.over = over;
	if (ctl_do(ctl, DITTO_CMD_SLOW_TRACE, trace_put, &over, NULL, NULL))
		return CTL_REFUSED;
	sigaction(SIGINT, &on_signal, NULL);
	sigaction(SIGTERM, &on_signal, NULL);
	sock = ctl->conn.sock;
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_message, &t);
	trace_receive(sock, limited ? clock_ns() + seconds * 1000 * MS_NS : UINT64_MAX);
	if (ctl->json)
		json_sum(&t);
	else
		print_sum(&t);
	return ferror(stdout) ? CTL_REFUSED : CTL_OK;
}

const struct verb trace_verbs[] = {
	{ "slow", trace_slow, "[--over MS] [--for SECONDS]" },
	{ NULL, NULL, NULL }
};
