"use strict";

// Shows what the daemon does. Names come from clients and upstreams and may be anything: they enter
// as text nodes alone.

const OVERVIEW_MS = 1000;
const USAGE_MS = 60_000;
const PATIENCE_MS = 10_000;
const DAYS = 30;
const MOST_ROWS = 8;
const LONGEST_NAME = 32;

const element = (id) => document.getElementById(id);
const number = (value) => (Number.isFinite(value) ? value : 0);

// ---- Elements

const fill = (node, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
};
const make = (tag, attributes = {}, ...children) =>
  fill(document.createElement(tag), attributes, children);
const shape = (tag, attributes, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
const code = (text) => make("code", {}, text);

/** Leaves a text that is there already, so that it is not read out again. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Foreign text; what can't be seen or turns the direction of writing is spelled out. */
function plain(text) {
  const unseen = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
  return String(text ?? "").replace(unseen, (letter) =>
    `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

const short = (text) => plain(text).slice(0, LONGEST_NAME);

/** Foreign text as an element; a long one is cut, and a button that shows all of it. */
function nameOf(text) {
  const shown = make("bdi", {}, plain(text));
  if (shown.textContent.length <= LONGEST_NAME) return make("span", { class: "name" }, shown);
  const button = make("button", { class: "name", "aria-expanded": "false" }, shown);
  button.addEventListener("click", () => {
    button.ariaExpanded = String(button.ariaExpanded !== "true");
  });
  return button;
}

// ---- Numbers

function scaled(value, step, units) {
  let rest = number(value);
  let index = 0;
  while (rest >= step * 0.9995 && index < units.length - 1) {
    rest /= step;
    index += 1;
  }
  return `${rest.toFixed(index === 0 || rest >= 99.95 ? 0 : 1)}${units[index]}`;
}

const count = (value) => (number(value) < 10_000
  ? Math.round(number(value)).toLocaleString("en")
  : scaled(value, 1000, ["", "\u00a0k", "\u00a0M", "\u00a0G"]));
const bytes = (value) => scaled(value, 1024, ["\u00a0B", "\u00a0KiB", "\u00a0MiB", "\u00a0GiB"]);
const plural = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

/** Null is a price that nobody knows, which is not zero. */
function money(value, isMinimum = false) {
  if (!Number.isFinite(value)) return "no price";
  const digits = value !== 0 && value < 0.1 ? 4 : 2;
  return `${isMinimum ? "≥\u00a0" : ""}$${value.toFixed(digits)}`;
}

function duration(seconds) {
  const total = Math.max(0, Math.floor(number(seconds)));
  const [days, hours, minutes] = [86_400, 3600, 60].map((unit) => Math.floor(total / unit));
  if (days) return `${days} d ${hours % 24} h`;
  if (hours) return `${hours} h ${minutes % 60} min`;
  return minutes ? `${minutes} min ${total % 60} s` : `${total} s`;
}

const clock = (ms) =>
  new Date(ms).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

// ---- Tables

/**
 * A table that keeps the row of an item, so that focus and opened names outlive an update.
 *
 * A column has a title, a class, and `show(cell, item)`. The roles are said because a narrow window
 * shows rows as paragraphs.
 */
class Table {
  constructor(place, label, columns, key) {
    Object.assign(this, { place, columns, key, rows: new Map() });
    this.body = make("tbody", { role: "rowgroup" });
    const titles = columns.map(({ title, kind }) =>
      make("th", { role: "columnheader", class: kind }, title));
    this.table = make("table", { role: "table", "aria-label": label },
      make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...titles)), this.body);
  }

  /** Shows the items, or what to do where there are none. */
  show(items, ...whenEmpty) {
    const shown = items.length ? this.table : make("p", { class: "quiet" }, ...whenEmpty);
    const there = this.place.firstChild;
    if (shown !== there && !(there && shown.textContent === there.textContent)) {
      this.place.replaceChildren(shown);
    }
    const keys = items.map(this.key);
    const kept = new Set(keys);
    for (const [key, row] of this.rows) {
      if (kept.has(key)) continue;
      row.remove();
      this.rows.delete(key);
    }
    let next = this.body.firstChild;
    items.forEach((item, index) => {
      const row = this.rows.get(keys[index]) ?? this.add(keys[index]);
      if (row === next) next = next.nextSibling;
      else this.body.insertBefore(row, next);
      this.columns.forEach((column, place) => column.show(row.cells[place], item));
    });
  }

  add(key) {
    const row = make("tr", { role: "row" }, ...this.columns.map(({ title, kind }) =>
      make("td", { role: "cell", class: kind, "data-label": title })));
    this.rows.set(key, row);
    return row;
  }
}

const column = (title, kind, show) => ({ title, kind, show });

/** Text of the page's own. */
const text = (title, kind, tell) =>
  column(title, kind, (cell, item) => setText(cell, tell(item)));

const counted = (title, member) => text(title, "number", (item) => count(item[member]));

/** A foreign name, and below it a note: words of the page's own and another foreign text. */
const named = (title, member, note = () => null) => column(title, "names", (cell, item) => {
  const name = item[member] || "unknown";
  const [word, more] = note(item) || [];
  const said = JSON.stringify([name, word, more]);
  if (cell.said === said) return;
  cell.said = said;
  cell.replaceChildren(nameOf(name));
  if (word) cell.append(make("div", { class: "note" }, `${word} `, more ? nameOf(more) : ""));
});

/** A state in words; a bad one is coloured too. */
const state = (title, member, ...bad) => column(title, "state", (cell, item) => {
  setText(cell, short(item[member]).replaceAll("_", " "));
  cell.classList.toggle("bad", bad.includes(item[member]));
});

/** A bar for a share from 0 to 1, for the eye alone: its number is beside it. */
const bar = (share, look = () => "fill") => column("", "bar", (cell, item) => {
  if (!cell.hasChildNodes()) cell.append(stripes());
  draw(cell.firstChild, [share(item), look(item)]);
});

const stripes = () => shape("svg", {
  viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true",
});

/** Draws shares of the whole beside each other. */
function draw(svg, ...shares) {
  let x = 0;
  svg.replaceChildren(shape("rect", { y: 4.5, width: 100, height: 1, class: "rail" }));
  for (const [share, look] of shares) {
    const width = Math.min(Math.max(number(share), 0), 1) * 100;
    svg.append(shape("rect", { x, width, height: 10, class: look }));
    x += width;
  }
}

// ---- Running responses

const cancelled = new Map();
const title = (item) => `${short(item.model)} for ${short(item.client)}`;

const responses = new Table(element("responses"), "Running responses", [
  named("Model", "model", (item) => ["from", item.upstream]),
  named("Client", "client", (item) => item.conversation && ["in", item.conversation]),
  text("Time", "number wide", (item) => duration((overview.now - item.started_at) / 1000)),
  counted("Events", "events"),
  text("Output", "number", (item) => bytes(item.output_bytes)),
  counted("Readers", "readers"),
  column("", "action", showCancel),
], (item) => item.id);

function showCancel(cell, item) {
  if (!cell.hasChildNodes()) {
    cell.append(make("button"));
    cell.firstChild.addEventListener("click", () => cancel(item));
  }
  const word = cancelled.get(item.id) ?? "Cancel";
  setText(cell.firstChild, word);
  cell.firstChild.ariaLabel = `${word} ${title(item)}`;
  cell.firstChild.ariaDisabled = String(cancelled.has(item.id));
}

async function cancel(item) {
  if (cancelled.has(item.id)) return;
  cancelled.set(item.id, "Cancelling");
  showResponses();
  try {
    await ask(`/v1/responses/${encodeURIComponent(item.id)}/cancel`, {});
    cancelled.set(item.id, "Cancelled");
    setText(element("said"), `Cancelled ${title(item)}.`);
  } catch (error) {
    cancelled.delete(item.id);
    setText(element("said"), error.status === 404 ? `${title(item)} had ended already.`
      : `${title(item)} is not cancelled: ${error.message}.`);
  }
  showResponses();
}

function showResponses() {
  if (!overview) return;
  const items = overview.responses.toSorted((a, b) => a.started_at - b.started_at);
  const ids = new Set(items.map((item) => item.id));
  for (const id of cancelled.keys()) if (!ids.has(id)) cancelled.delete(id);
  const held = document.activeElement?.closest("#responses tr");
  const next = held?.nextSibling ?? held?.previousSibling;
  responses.show(items, "Nothing runs now. ", code('halley "Hi"'), " asks something, and ",
    code('eval "$(halley env)"'), " points programs with an OpenAI SDK here.");
  // When the row with the focus ends, its neighbour has it.
  if (held && !held.isConnected) {
    (next?.isConnected ? next.querySelector(".action button") : element("running")).focus();
  }
}

// ---- Spending

const tokens = (row) => number(row.input_tokens) + number(row.output_tokens);
const dollars = (row) => number(row.cost_usd);
const cost = (row) => money(row.cost_usd, row.is_minimum);

/** What bars are of: money, if any price is known. */
const measureOf = (rows) => (rows.some(dollars) ? dollars : tokens);

function sum(rows, key = null) {
  const total = (part) => rows.reduce((all, row) => all + number(row[part]), 0);
  const isPriced = rows.length === 0 || rows.some((row) => Number.isFinite(row.cost_usd));
  return {
    key, requests: total("requests"), input_tokens: total("input_tokens"),
    output_tokens: total("output_tokens"), cost_usd: isPriced ? total("cost_usd") : null,
    is_minimum: rows.some((row) => row.is_minimum || !Number.isFinite(row.cost_usd)),
  };
}

const sums = [
  text("Cost", "number", cost), counted("Requests", "requests"),
  counted("Input", "input_tokens"), counted("Output", "output_tokens"),
];

const keyOf = (row) => row.isRest ?? row.key;
const group = (title, id) => new Table(element(id), `By ${title}`,
  [named(title, "key"), bar((row) => row.share), ...sums], keyOf);
const models = group("Model", "models");
const clients = group("Client", "clients");
const days = new Table(element("days-table"), "By day", [named("Day", "key"), ...sums], keyOf);

function showGroup(table, rows) {
  const measure = measureOf(rows);
  const sorted = rows.toSorted((a, b) => measure(b) - measure(a) || tokens(b) - tokens(a));
  const rest = sorted.length > MOST_ROWS ? sorted.splice(MOST_ROWS - 1) : [];
  if (rest.length) sorted.push({ ...sum(rest, `${rest.length} others`), isRest: true });
  const most = Math.max(...sorted.map(measure));
  table.show(sorted.map((row) => ({ ...row, share: measure(row) / most })), "None.");
}

/** The day so many days ago: its start, its key as in 2026-01-31, and its name. */
function dayBefore(age) {
  const now = new Date();
  const start = new Date(now.getFullYear(), now.getMonth(), now.getDate() - age);
  const key = [start.getFullYear(), start.getMonth() + 1, start.getDate()]
    .map((part) => String(part).padStart(2, "0")).join("-");
  return { start, key, name: start.toLocaleDateString("en-GB", { day: "numeric", month: "long" }) };
}

function showDays(rows) {
  const measure = measureOf(rows);
  const byKey = new Map(rows.map((row) => [row.key, row]));
  const shown = Array.from({ length: DAYS }, (_, index) => dayBefore(DAYS - 1 - index))
    .map((day) => ({ ...day, row: byKey.get(day.key) ?? sum([]) }));
  const highest = shown.reduce((a, b) => (measure(b.row) > measure(a.row) ? b : a));
  const most = measure(highest.row);
  const told = measure === dollars ? money(most) : `${count(most)} tokens`;
  setText(element("most"), most ? `most: ${told} on ${highest.name}` : "");
  const plot = shape("svg", {
    viewBox: `0 0 ${DAYS} 100`, preserveAspectRatio: "none", role: "img",
    "aria-label": `Spending of ${DAYS} days, at most ${told} on ${highest.name}`,
  });
  for (const y of [0, 50, 100]) {
    plot.append(shape("line", { x2: DAYS, y1: y, y2: y, class: "line" }));
  }
  shown.forEach(({ name, row }, x) => {
    const height = measure(row) ? Math.max(measure(row) / most * 100, 1) : 0;
    plot.append(
      shape("rect", { x: x + 0.15, y: 100 - height, width: 0.7, height, class: "fill" }),
      shape("rect", { x, width: 1, height: 100, class: "day" },
        shape("title", {}, `${name}: ${cost(row)}, ${plural(row.requests, "request")}`)));
  });
  element("days").replaceChildren(plot, make("div", {}, ...[shown[0].name, shown[DAYS / 2].name,
    "today"].map((name) => make("span", {}, name))));
  days.show(rows.toSorted((a, b) => (a.key < b.key ? 1 : -1)), "None.");
  today = shown[DAYS - 1].row;
}

function showUsage(byDay, byModel, byClient) {
  showDays(byDay);
  showGroup(models, byModel);
  showGroup(clients, byClient);
  const total = sum(byDay);
  element("plots").hidden = !total.requests;
  setText(element("spent"), !total.requests ? `Nothing was asked in ${DAYS} days.`
    : `${cost(total)} in ${DAYS} days, for ${plural(total.requests, "request")} with `
      + `${count(total.input_tokens)} tokens of input and ${count(total.output_tokens)} of output.`
      + (total.is_minimum ? " Some have no known price." : ""));
  showFigures();
}

// ---- What the daemon has

const failure = (item) => item.last_error && ["error:", item.last_error];
const isUnwell = (item) => item.state === "down" || item.breaker !== "closed";

const upstreams = new Table(element("upstreams"), "Upstreams", [
  named("Name", "name", failure), state("State", "state", "down"),
  state("Breaker", "breaker", "open", "half_open"), state("Key", "key", "missing"),
  text("Running", "number wide",
    (item) => `${count(item.in_flight)} of ${count(item.max_concurrent)}`),
  counted("Waiting", "queued"),
  counted("Failed", "failed"),
], (item) => item.name);

const plugins = new Table(element("plugins"), "Plugins", [
  named("Name", "name", failure), state("State", "state", "failed"),
  counted("Tools", "tools"), counted("Restarts", "restarts"),
], (item) => item.name);

const used = (item) => (item.limit_usd > 0 ? item.spent_usd / item.limit_usd : 1);

const budgets = new Table(element("budgets"), "Budgets", [
  named("Name", "name", (item) => used(item) >= 1 && ["used up"]),
  bar(used, (item) => (used(item) >= 1 ? "over" : "fill")),
  text("Spent", "number", (item) => money(item.spent_usd)),
  text("Limit", "number", (item) => money(item.limit_usd)),
  state("Period", "period"),
], (item) => JSON.stringify([item.name, item.period]));

function showCache({ entries, bytes: size, max_bytes: limit, hits, joined, misses }) {
  const place = element("cache");
  if (!place.hasChildNodes()) place.append(make("p"), stripes(), make("p", { class: "quiet" }));
  const [held, plot, told] = place.children;
  const asked = hits + joined + misses;
  setText(held, `${plural(entries, "answer")}, ${bytes(size)} of ${bytes(limit)}.`);
  draw(plot, [hits / asked, "fill"], [joined / asked, "half"]);
  plot.toggleAttribute("hidden", !asked);
  setText(told, asked ? `${plural(hits, "hit")}, ${count(joined)} joined one that ran, `
    + `${plural(misses, "miss", "misses")} since the start.`
    : "An equal request will be answered from it; none came since the start.");
}

function showFigures() {
  if (!overview) return;
  const running = overview.responses.length;
  const all = overview.upstreams;
  const unwell = all.filter(isUnwell);
  const { hits, joined, misses } = overview.cache;
  const asked = hits + joined + misses;
  figure(0, count(running), `${plural(overview.clients, "client")} connected`);
  figure(1, today ? cost(today) : "–",
    today ? `for ${plural(today.requests, "request")}` : "");
  figure(2, asked ? `${Math.round((hits + joined) / asked * 100)}\u00a0%` : "–",
    `of ${plural(asked, "request")}`);
  const upstreamsNote = unwell.length ? `not well: ${short(unwell[0].name)}` : "well";
  figure(3, `${all.length - unwell.length} of ${all.length}`, all.length ? upstreamsNote : "",
    unwell.length ? "bad" : "quiet");
  const title = running ? `(${running}) Halley` : "Halley";
  if (document.title !== title) document.title = title;
}

function figure(index, value, note, look = "quiet") {
  const [, first, second] = element("figures").children[index].children;
  setText(first, value);
  setText(second, note);
  second.className = look;
}

function showOverview() {
  showFigures();
  showResponses();
  const key = (name) => ["None. ", code(name), " in ", code("halley.toml(5)"), " makes one."];
  budgets.show(overview.budgets, ...key("[budgets]"));
  upstreams.show(overview.upstreams, ...key("[upstreams.NAME]"));
  plugins.show(overview.plugins, "None. ", code("halley-plugins(7)"), " says how to have some.");
  showCache(overview.cache);
  setText(element("about"), `up ${duration(overview.uptime_s)}`);
  setText(element("daemon"), `halleyd ${plain(overview.version)}, process ${overview.pid}`);
  setText(element("until"), `This session ends at ${clock(session.expires_at * 1000)}.`);
}

// ---- The session

const KEPT = "halley";
let session = null;
let overview = null;
let today = null;

/** Keeps the session for a reload, where storage is on. */
function keep(value) {
  session = value;
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(value));
  } catch { /* It is off. */ }
}

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT));
  } catch {
    return null;
  }
}

class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** A GET, or with a body a POST. Throws `Refusal` where the daemon says no, or nothing. */
async function ask(path, body) {
  const used = session;
  const headers = used ? { Authorization: `Bearer ${used.token}` } : {};
  if (body) headers["Content-Type"] = "application/json";
  let status = 0;
  let told = null;
  try {
    const answer = await fetch(path, {
      method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), cache: "no-store",
      credentials: "omit", redirect: "error", signal: AbortSignal.timeout(PATIENCE_MS),
    });
    status = answer.status;
    told = await answer.json();
    if (answer.ok) return told;
  } catch { /* No answer, or none of the daemon's. */ }
  if (status === 401 && used && used === session) end();
  throw new Refusal(status, status
    ? `the daemon says ${status}: ${plain(told?.error?.message ?? "nothing more").slice(0, 500)}`
    : "the daemon does not answer");
}

/** Trades the address's code for a session, and takes it out of the address. */
async function begin() {
  const given = location.hash.slice(1);
  if (given) {
    history.replaceState(null, "", location.pathname);
    session = null;
    try {
      keep(await ask("/halley/session", { code: given }));
    } catch { /* A used one; the tab may have a session from before. */ }
  }
  session ??= kept();
  if (session) watch();
  else end();
}

function end() {
  const [word, why] = session
    ? ["Session ended", "This session has ended: it lasts 12 hours, and ends with the daemon. "]
    : ["No session", "This page needs a session; its address opens one once, within a minute. "];
  keep(null);
  overview = null;
  show("ended", word, why, code("halley open"), " in a terminal opens a new one.");
}

/** Says how things stand. */
function show(name, word, ...notice) {
  document.body.dataset.state = name;
  for (const part of ["about", "main", "footer"]) element(part).hidden = !overview;
  setText(element("state"), word);
  const told = make("p", {}, ...notice);
  if (element("notice").textContent === told.textContent) return;
  element("notice").replaceChildren(...(notice.length ? [told] : []));
}

// ---- Watching

let isWatching = false;
let seen = "never";
let usageDue = 0;
let wake = () => {};

async function watch() {
  if (isWatching) return;
  isWatching = true;
  let failures = 0;
  while (session && !document.hidden) {
    try {
      overview = await ask("/halley/overview");
      showOverview();
      show("live", "Live");
      seen = clock(Date.now());
      failures = 0;
      if (Date.now() >= usageDue) await refreshUsage();
    } catch (error) {
      if (!session) break;
      if (!(error instanceof Refusal)) console.error(error);
      failures += 1;
      show("lost", "Not connected", `Trying again: ${error.message}. Last seen ${seen}.`);
    }
    await pause(Math.min(OVERVIEW_MS * 2 ** failures, PATIENCE_MS));
  }
  isWatching = false;
}

async function refreshUsage() {
  usageDue = Date.now() + USAGE_MS;
  const since = dayBefore(DAYS - 1).start.getTime() / 1000;
  const rows = async (by) => (await ask(`/halley/usage?by=${by}&since=${since}`)).data;
  try {
    showUsage(...await Promise.all(["day", "model", "client"].map(rows)));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    setText(element("spent"), `What was spent can't be read now: ${error.message}.`);
    usageDue = Date.now() + PATIENCE_MS;
  }
}

const pause = (ms) => new Promise((resolve) => {
  wake = resolve;
  setTimeout(resolve, ms);
});

document.addEventListener("visibilitychange", () => {
  wake();
  if (session) watch();
});
addEventListener("hashchange", () => location.hash && begin());
begin();
