// SPDX-License-Identifier: GPL-2.0-only
/* The page: which view is shown, and how often it is shown anew. */
import { element_new } from "./dom.js";
import { alert_new, notices_clear } from "./notice.js";
import { theme_follow } from "./theme.js";
import { access_open } from "./view_access.js";
import { jobs_open } from "./view_jobs.js";
import { locks_open } from "./view_locks.js";
import { shares_open } from "./view_shares.js";
import { state_open } from "./view_state.js";
import { who_open } from "./view_who.js";

/* Views by the word of their address, with the milliseconds after which they are shown anew. */
const VIEWS = {
	state: { title: "State", open: state_open, period: 5000 },
	shares: { title: "Shares", open: shares_open, period: 5000 },
	who: { title: "Connected", open: who_open, period: 5000 },
	locks: { title: "Locks", open: locks_open, period: 2000 },
	access: { title: "Access", open: access_open },
	jobs: { title: "Jobs", open: jobs_open, period: 10000 },
};

/* A view that takes long is shown anew later: a page asks for at most a tenth of the time. */
const REST = 9;

let current, timer;

/* Show the current view anew, and again after its period. A hidden page asks nothing. */
async function view_update() {
	const shown = current, begun = performance.now();

	clearTimeout(timer);
	try {
		if (!cockpit.hidden)
			await shown.view.update();
		shown.errors.replaceChildren();
	} catch (error) {
		const text = (error.lines || [error.message]).join("\n");

		// An alert that stays is not said again.
		if (shown.errors.dataset.text !== text || !shown.errors.hasChildNodes())
			shown.errors.replaceChildren(alert_new(text.split("\n")));
		shown.errors.dataset.text = text;
	}
	if (shown !== current)
		return;
	clearTimeout(timer);
	const period = VIEWS[shown.name].period;

	if (period)
		timer = setTimeout(view_update, Math.max(period, REST * (performance.now() - begun)));
}

function view_open() {
	const name = VIEWS[cockpit.location.path[0]] ? cockpit.location.path[0] : "state";
	const errors = element_new("div");

	if (current?.name === name)
		return;
	for (const link of document.querySelectorAll("#views a")) {
		if (link.dataset.view === name)
			link.setAttribute("aria-current", "page");
		else
			link.removeAttribute("aria-current");
	}
	notices_clear();
	current = { name, errors, view: VIEWS[name].open(view_update) };
	document.getElementById("view").replaceChildren(
		element_new("h1", {}, VIEWS[name].title), errors, current.view.node);
	view_update();
}

function links_show() {
	document.getElementById("views").append(...Object.entries(VIEWS).map(([name, view]) =>
		element_new("li", {}, element_new("a", { href: `#/${name}`, "data-view": name },
						  view.title))));
}

theme_follow();
links_show();
/* It loads the page again when administrative access is gained or given up. */
cockpit.permission({ admin: true });
cockpit.addEventListener("locationchanged", view_open);
cockpit.addEventListener("visibilitychange", () => cockpit.hidden || view_update());
view_open();
