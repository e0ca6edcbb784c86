// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cost of a message. A message is charged for its bytes and for its largest usual responses
 * before it is run, and for longer ones when they are made. See message.h and transport.h.
 */
#include <linux/minmax.h>
#include <linux/sizes.h>

#include "../../net/rx_data.h"
#include "command.h"
#include "conn.h"
#include "message.h"

static bool call_answers_large(const struct dsmb_call *call)
{
	return call->cmd && (call->cmd->flags & DSMB_LARGE_ANSWER);
}

/*
 * Bytes that the response of a call may take by its charge. Context: any. Return: bytes beyond a
 * short response; 0 if it is short, as far as is known before the call is run.
 */
u32 dsmb_call_answer_max(const struct dsmb_call *call)
{
	/* CANCEL has no response, and pays no credits for what it claims to be charged. */
	if (call->command == DSMB_CANCEL || (call->charge <= 1 && !call_answers_large(call)))
		return 0;
	return min_t(u32, call->charge * DSMB_CREDIT_BYTES, DSMB_IO_MAX);
}

/*
 * Refuses calls whose responses would together exceed the limit of a message, so that each
 * message can be charged once the others have ended. The first response is allowed whatever its
 * size. A large message that came encrypted or compressed may be parsed only after it was admitted;
 * its responses may be up to twice as large as the message itself.
 */
static void message_refuse_excess(struct dsmb_message *message)
{
	const struct dsmb_transport *t = message->conn->transport;
	u32 max = message->large ? 2 * message->len : dsmb_transport_answers_max(t);
	u32 answers = 0;

	for (unsigned int i = 0; i < message->ncalls; i++) {
		struct dsmb_call *call = &message->calls[i];
		u32 answer;

		if (!call_answers_large(call))
			continue;
		answer = dsmb_call_answer_max(call);
		if ((answers || message->large) && answers + answer > max)
			call->refused = true;
		else
			answers += answer;
	}
}

/*
 * Has it a command that may have a large response? Context: any. Return: true if it has one that is
 * not refused.
 */
bool dsmb_message_answers_large(const struct dsmb_message *message)
{
	for (unsigned int i = 0; i < message->ncalls; i++)
		if (call_answers_large(&message->calls[i]) && !message->calls[i].refused)
			return true;
	return false;
}

/* Bytes that the responses of a message may take, beyond short ones. */
static u32 message_answers_max(const struct dsmb_message *message)
{
	u32 answers = 0;

	for (unsigned int i = 0; i < message->ncalls; i++)
		if (!message->calls[i].refused)
			answers += dsmb_call_answer_max(&message->calls[i]);
	return answers;
}

/*
 * May it take long to run a message? Such a message is run by a worker of its own if others were
 * received with it.
 *
 * Clients often send a CREATE, a query and a CLOSE in one. One answer of it may be long, but no
 * longer than the answer to a query by itself, which is not large either.
 *
 * Context: any. Return: true if it has more bytes or may have, by the charges of its commands, than
 * one credit is for, or more than DSMB_MESSAGE_FEW commands.
 */
bool dsmb_message_is_large(const struct dsmb_message *message)
{
	u32 answers = message_answers_max(message);

	/* A single call of one credit is not large, though its message is longer than its data. */
	if (message->ncalls == 1 && !answers)
		return false;
	return answers > DSMB_LARGE_BYTES || message->len > DSMB_LARGE_BYTES ||
	       message->calls != message->few;
}

/* Memory that data which were taken hold beyond their length. Context: any. Return: bytes. */
u32 dsmb_message_waste(const struct dsmb_message *message)
{
	u32 memory = message->taken ? message->taken->memory : 0;

	return memory > message->apart ? memory - message->apart : 0;
}

/* Bytes that a message holds besides its data and long responses. */
static u32 message_rest(const struct dsmb_message *message)
{
	u32 rest = DSMB_MESSAGE_COST + dsmb_message_waste(message);

	/* DSMB_MESSAGE_COST includes the buffer of the first short response. */
	if (message->ncalls > 1)
		rest += (message->ncalls - 1) * DSMB_SHORT_ANSWER;
	if (message->calls != message->few)
		rest += message->ncalls * sizeof(*message->calls);
	return rest;
}

/*
 * Bytes that a message is charged for.
 *
 * The charge of a command is for its data or its response, whichever may be longer (MS-SMB2 section
 * 3.2.4.1.5), and seldom are both long.
 *
 * Context: any. Return: what it holds itself, and for each call the larger of its data and of what
 * its response may take by its charge.
 */
u32 dsmb_message_cost(const struct dsmb_message *message)
{
	u32 bytes = 0;

	if (message->ncalls <= 1)
		return max(message->len, message_answers_max(message)) + message_rest(message);
	for (unsigned int i = 0; i < message->ncalls; i++) {
		const struct dsmb_call *call = &message->calls[i];

		bytes += max(call->in.size, call->refused ? 0 : dsmb_call_answer_max(call));
	}
	return bytes + message_rest(message);
}

/*
 * Are its calls so few and short that none is refused? True if calls are so few and short that none
 * is refused, and the message is not large. Context: any. Return: true if so; then the message is
 * not large either.
 */
bool dsmb_message_is_short(const struct dsmb_message *message)
{
	if (message->large || message->len > DSMB_LARGE_BYTES || message->calls != message->few)
		return false;
	if (message->ncalls == 1)
		return message->calls[0].charge <= 1;
	for (unsigned int i = 0; i < message->ncalls; i++)
		if (dsmb_call_answer_max(&message->calls[i]))
			return false;
	return true;
}

/*
 * Find out what a message may take, charge it, and refuse what is too much. Refuses calls whose
 * responses would together be longer than is allowed for one message, and marks a message that may
 * take long. Context: process; does not sleep.
 */
void dsmb_message_assess(struct dsmb_message *message)
{
	u32 cost;

	if (!dsmb_message_is_short(message)) {
		message_refuse_excess(message);
		message->large |= dsmb_message_is_large(message);
	}
	cost = dsmb_message_cost(message);
	if (cost > message->cost) {
		dsmb_transport_charge(message->conn->transport, cost - message->cost);
		message->cost = cost;
	}
}

/*
 * Bytes of its response that a message was charged for with each call. Context: any. Return: bytes.
 */
u32 dsmb_call_prepaid(const struct dsmb_call *call)
{
	/* dsmb_message_refuse_large() leaves nothing of what others paid by their charge. */
	return DSMB_SHORT_ANSWER + (call_answers_large(call) ? dsmb_call_answer_max(call) : 0);
}

/*
 * Charge a message for a response that is longer than what was prepaid. Context: process; does not
 * sleep. Return: false if the principal may hold no more; then nothing is charged.
 */
bool dsmb_message_charge(struct dsmb_message *message, u32 bytes)
{
	if (!dsmb_transport_charge_now(message->conn->transport, bytes))
		return false;
	message->cost += bytes;
	return true;
}

/*
 * Refuse the calls of a message that have large responses. The largest possible size of these
 * responses is not charged any more.
 */
void dsmb_message_refuse_large(struct dsmb_message *message)
{
	u32 least = message->len + message->expands_max + message_rest(message);

	for (unsigned int i = 0; i < message->ncalls; i++)
		message->calls[i].refused |= call_answers_large(&message->calls[i]);
	if (message->cost > least) {
		dsmb_transport_uncharge(message->conn->transport, message->cost - least);
		message->cost = least;
	}
}
