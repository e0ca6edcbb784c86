// SPDX-License-Identifier: GPL-2.0-only
/* The theme that was chosen in Cockpit's menu, else that of the browser. */

const dark = window.matchMedia("(prefers-color-scheme: dark)");

function theme_apply(chosen) {
	const style = chosen || localStorage.getItem("shell:style") || "auto";

	document.documentElement.classList.toggle("dark",
		style === "dark" || (style === "auto" && dark.matches));
}

/* Cockpit changes the stored value from another frame, or sends an event to this one. */
export function theme_follow() {
	window.addEventListener("storage", () => theme_apply());
	window.addEventListener("cockpit-style", event => theme_apply(event.detail.style));
	dark.addEventListener("change", () => theme_apply());
	theme_apply();
}
