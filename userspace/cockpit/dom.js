// SPDX-License-Identifier: GPL-2.0-only
/*
 * Elements of the page. All strings become text nodes or values of attributes: names of shares,
 * files and clients are chosen by clients, and are never read as HTML.
 */

/* Characters that would not be seen, or would change the order in which others are shown. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/* Text in which everything can be seen. */
export function text_visible(text) {
	return String(text).replace(INVISIBLE, c => `\\u{${c.codePointAt(0).toString(16)}}`);
}

/*
 * An element with attributes and children, which are elements or strings. Attributes that begin
 * with "on" are listeners; those that are false or undefined are left out.
 */
export function element_new(tag, attributes = {}, ...children) {
	const element = document.createElement(tag);

	for (const [name, value] of Object.entries(attributes)) {
		if (name.startsWith("on"))
			element.addEventListener(name.slice(2), value);
		else if (value !== false && value !== undefined)
			element.setAttribute(name, value === true ? "" : value);
	}
	for (const child of children.flat())
		element.append(child instanceof Node ? child : text_visible(child));
	return element;
}

export function button_new(label, onclick, attributes = {}) {
	return element_new("button", { type: "button", onclick, ...attributes }, label);
}

/* Lines of text, one below the other. */
export function lines_new(lines) {
	return lines.map(line => element_new("div", {}, line));
}
