// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers to *_MSG procedures.
 *
 * A *_MSG has no result of its own: its result is sent by calling *_RES of the client's lock
 * manager. The call is a callout, which owns a copy of the strings. It is charged to the machine,
 * so that machines that send messages and do not take the answers leave callouts for others.
 */
#include <linux/slab.h>

#include "../../../net/budget.h"
#include "../rpc/call.h"
#include "../server.h"
#include "callout.h"
#include "client.h"
#include "nlm.h"
#include "proc.h"

/**
 * struct dnlm_answer - a *_RES being sent
 * @callout: sends it
 * @charge: for the callout
 * @msg: the result; its strings are in @room
 * @room: the cookie, followed by the opaque handle of the owner
 */
struct dnlm_answer {
	struct dnlm_callout callout;
	struct ditto_charge charge;
	struct dnlm_msg msg;
	u8 room[];
};

static void dnlm_answer_free(struct dnlm_answer *answer)
{
	ditto_uncharge(&answer->charge);
	kfree(answer);
}

static void dnlm_answer_done(struct dnlm_callout *callout, int err)
{
	dnlm_answer_free(container_of(callout, struct dnlm_answer, callout));
}

static const struct dnlm_callout_ops dnlm_answer_ops = {
	.done = dnlm_answer_done,
};

/*
 * Answer a *_MSG by calling the client's *_RES. @err: result of its execution, 0 or an errno, which
 * becomes the status. Works in the background. A machine that has too many answers under way gets
 * no other. Errors are ignored, because a message may be lost anyway: the client repeats its own.
 * Return: @err.
 */
int dnlm_answer(struct dnfs_call *call, int err, u32 proc)
{
	struct dnlm_server *nlm = call->server->nlm;
	const struct dnlm_res *res = call->res;
	const struct dnlm_bytes *cookie = &res->msg.cookie, *oh = &res->msg.oh;
	struct dnlm_answer *answer;

	answer = kzalloc(struct_size(answer, room, cookie->len + oh->len), GFP_KERNEL);
	if (!answer)
		return err;
	answer->msg = res->msg;
	answer->msg.status = call->program->status(err);
	memcpy(answer->room, cookie->data, cookie->len);
	answer->msg.cookie.data = answer->room;
	memcpy(answer->room + cookie->len, oh->data, oh->len);
	answer->msg.oh.data = answer->room + cookie->len;

	dnlm_route_of(call, &answer->callout.route);
	answer->callout.kind = DNLM_ANSWER;
	answer->callout.ops = &dnlm_answer_ops;
	answer->callout.program = &dnlm_client_program;
	answer->callout.version = call->program->vers;
	answer->callout.proc = dnlm_client_proc(call->program->vers, proc);
	answer->callout.args = &answer->msg;
	if (ditto_charge_machine(&answer->charge, nlm->srv, &answer->callout.route.addr,
				 DITTO_BUDGET_ANSWERS, 1) ||
	    dnlm_callout_start(nlm, &answer->callout))
		dnlm_answer_free(answer);
	return err;
}
