'use strict';
// Draws /status.json, again every two seconds while somebody looks. Builds elements and sets text only: nothing that the
// daemon says is ever read as HTML.

const pause = 2000;     // milliseconds between two readings
const patience = 4000;  // after which a daemon that says nothing counts as silent

const byId = (id) => document.getElementById(id);

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null && child !== ''));
  return made;
}

const number = (value) => Math.round(value).toLocaleString('en');
const words = (name) => name.replaceAll('_', ' ');

function age(seconds) {
  if (seconds === null || seconds === undefined) return 'never';
  const units = [['d', 86400], ['h', 3600], ['min', 60]];
  for (const [unit, size] of units) {
    if (seconds >= 2 * size) return `${Math.floor(seconds / size)} ${unit}`;
  }
  return `${Math.floor(Math.max(0, seconds))} s`;
}

const ago = (seconds) => (seconds === null || seconds === undefined ? 'never' : `${age(seconds)} ago`);

const secondsBetween = (from, to) => (new Date(to) - new Date(from)) / 1000;

// A bar for each of the last 60 minutes, the present one at the right.
function chart(minutes, what, kind) {
  const space = 'http://www.w3.org/2000/svg';
  const most = Math.max(...minutes, 1);
  const drawn = document.createElementNS(space, 'svg');
  drawn.setAttribute('viewBox', '0 0 60 20');
  drawn.setAttribute('preserveAspectRatio', 'none');
  drawn.setAttribute('role', 'img');
  drawn.setAttribute('aria-label', `${what} in each minute of the last hour, at most ${number(Math.max(...minutes))}`);
  if (kind) drawn.setAttribute('class', kind);
  minutes.forEach((value, i) => {
    if (value === 0) return;
    const height = Math.max(0.7, (20 * value) / most);
    const bar = document.createElementNS(space, 'rect');
    for (const [name, size] of Object.entries({ x: i + 0.1, y: 20 - height, width: 0.8, height })) {
      bar.setAttribute(name, size);
    }
    drawn.append(bar);
  });
  const total = minutes.reduce((sum, value) => sum + value, 0);
  const caption = `${what}: ${number(total)} in the last hour, at most ${number(Math.max(...minutes))} a minute`;
  return element('div', {}, drawn, element('p', { class: 'quiet' }, caption));
}

function table(columns, rows, nothing) {
  if (rows.length === 0) return element('p', { class: 'quiet' }, nothing);
  const head = columns.map(([title, kind]) => element('th', { class: kind }, title));
  const body = rows.map((cells) => element('tr', {}, ...cells.map((cell, i) =>
    element('td', { class: columns[i][1] }, cell))));
  return element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...body));
}

function finding(each) {
  const about = each.subject && !each.cause.includes(each.subject) ? `${words(each.subject)}: ` : '';
  return element('div', { class: `card ${each.severity}` },
    element('p', {}, element('strong', { class: each.severity }, each.severity), ` ${about}${each.cause}`),
    element('p', { class: 'quiet' }, `since ${each.since.slice(0, 19)}Z`,
      each.next_step ? ` · next: ${each.next_step}` : ''));
}

function progressOf(stream) {
  if (stream.phase !== 'walking') return null;
  const byList = stream.scopes_total > 1;
  const [done, all] = byList ? [stream.scopes_done, stream.scopes_total] : [stream.rows, stream.expected_rows];
  return element('progress', all > 0 ? { max: all, value: Math.min(done, all) } : {});
}

function streamCard(stream) {
  const busy = stream.phase === 'walking' || stream.phase === 'confirming';
  const rows = busy || stream.certified_rows === null ? stream.rows : stream.certified_rows;
  const last = `${number(stream.inserted)} new, ${number(stream.changed)} changed, ${number(stream.deleted)} deleted` +
    `, ${number(stream.held)} held`;
  return element('article', { class: 'card', 'data-stream': stream.name },
    element('div', { class: 'row' }, element('h3', {}, words(stream.name)),
      element('span', { class: stream.phase }, stream.phase)),
    element('div', { class: 'big' }, number(rows)),
    element('p', { class: 'quiet' }, busy ? 'rows read so far' : 'rows in the last complete listing'),
    progressOf(stream),
    element('p', {}, `certified ${ago(stream.certified_seconds_ago)}`),
    element('p', { class: 'quiet' }, `${busy ? 'this' : 'last'} pass: ${last}`),
    chart(stream.last_hour.rows, 'rows read'), chart(stream.last_hour.changes, 'rows changed', 'second'));
}

function holdCard(hold) {
  const dying = hold.cascades > 0 ? ` and ${number(hold.cascades)} rows with them` : '';
  const more = hold.deletions > hold.ids.length ? ` (the first ${hold.ids.length})` : '';
  return element('article', { class: 'card degraded' },
    element('h3', {}, `Hold ${hold.id}: would delete ${number(hold.deletions)} of ${number(hold.live_rows)} ` +
      `${words(hold.stream)}${dying}`),
    element('p', {}, hold.reason),
    element('p', { class: 'quiet' }, `found by a${hold.cause === 'event' ? 'n' : ''} ${hold.cause}, since ${hold.created_at.slice(0, 19)}`),
    element('details', { 'data-key': `hold-${hold.id}` }, element('summary', {}, `what it would delete${more}`),
      element('ul', { class: 'ids' }, ...hold.ids.map((id) => element('li', {}, id)))),
    element('p', {}, element('code', {}, `authkit-mirror approve ${hold.id}`), ' or ',
      element('code', {}, `authkit-mirror discard ${hold.id}`)));
}

function snapshotRow(snapshot, now) {
  const { finished_at: finished, begun_at: begun } = snapshot;
  return [String(snapshot.id), words(snapshot.stream),
    element('span', { class: snapshot.state, title: snapshot.reason }, snapshot.state),
    finished ? ago(secondsBetween(finished, now)) : 'runs', age(secondsBetween(begun, finished ?? now)),
    number(snapshot.pages), number(snapshot.rows), number(snapshot.inserted), number(snapshot.changed),
    number(snapshot.unchanged), number(snapshot.deleted), number(snapshot.held),
    element('code', {}, snapshot.first_id ? `${snapshot.first_id} … ${snapshot.last_id}` : '')];
}

function fact(name, value, ...more) {
  return element('div', { class: 'card' }, element('h3', {}, name), element('div', { class: 'big' }, value),
    ...more.map((text) => (text instanceof Node ? text : element('p', { class: 'quiet' }, text))));
}

function eventCards(events) {
  const results = Object.entries(events.results).filter(([, count]) => count > 0);
  return [
    fact('Read to their end', ago(events.poll_age_seconds), `late after ${age(events.max_lag_seconds)}`,
      `up to ${events.caught_up_through ? `${events.caught_up_through.slice(0, 19)}Z, by WorkOS' clock` : 'now: not known yet'}`),
    fact('Received', number(events.received),
      results.map(([name, count]) => `${number(count)} ${name}`).join(', ') || 'none since the start'),
    element('div', { class: 'card' }, element('h3', {}, 'Per minute'), chart(events.last_hour, 'events')),
  ];
}

function requestCards(status) {
  const value = (name) => status.counters[name] ?? 0;
  const answers = Object.entries(status.counters.api_requests_total ?? {}).filter(([, count]) => count > 0);
  const lease = status.lease;
  return [
    fact('Limit', `${value('api_requests_per_second_allowed').toLocaleString('en', { maximumFractionDigits: 1 })} /s`,
      `${number(value('api_limiter_waits_total'))} requests waited for their turn`,
      `${number(value('api_rate_limited_total'))} answers were 429`),
    fact('Requests', number(answers.reduce((sum, [, count]) => sum + count, 0)),
      answers.map(([name, count]) => `${name}: ${number(count)}`).join(', '), `${number(value('api_retries_total'))} were repeated`),
    fact('Writer queue', number(value('writer_queue_jobs')), `commits take ${status.commit_milliseconds.toFixed(1)} ms on average`),
    fact('Lease', lease && lease.holder ? `token ${lease.token}` : 'free',
      lease && lease.holder ? `${lease.holder}, last sign of life ${ago(lease.heartbeat_age_seconds)}` : 'nobody writes'),
  ];
}

function quarantineTable(quarantine) {
  return table([['', ''], ['id', ''], ['since', ''], ['why', 'text']], quarantine.examples.map((each) =>
    [words(each.table), element('code', {}, each.id), (each.since ?? '').slice(0, 19), each.error]), 'empty');
}

function driftTable(drift) {
  return table([['', ''], ['cause', ''], ['rows', 'number'], ['for example', '']], drift.map((each) =>
    [words(each.table), words(each.cause), number(each.rows), element('code', {}, each.example_id)]),
  'no sweep had anything to correct');
}

// Which environment is shown stands in the address, so that it can be kept and sent.
const shownEnvironment = () => decodeURIComponent(location.hash.slice(1));

function drawEnvironments(status) {
  const links = status.environments.map(({ name, state }) => element('a', {
    href: `#${encodeURIComponent(name)}`, class: 'badge', ...(name === status.environment ? { 'aria-current': 'true' } : {}),
  }, name, ' ', element('span', { class: state }, state)));
  byId('environments').replaceChildren(...links);
  byId('environments').hidden = links.length < 2;
}

const badness = ['ok', 'degraded', 'failing'];
const worstState = (environments) =>
  badness[Math.max(...environments.map(({ state }) => badness.indexOf(state)))];

// What a person has opened stays open.
function replace(id, ...children) {
  const place = byId(id);
  const open = [...place.querySelectorAll('details[open]')].map((each) => each.dataset.key);
  place.replaceChildren(...children);
  for (const each of place.querySelectorAll('details')) each.open = open.includes(each.dataset.key);
}

function draw(status) {
  byId('state').textContent = status.state;
  byId('state').className = `badge ${status.state}`;
  document.title = `${worstState(status.environments)} · authkit-mirror`;
  drawEnvironments(status);
  byId('about').textContent = `environment ${status.environment} · ${status.role} · version ${status.version}` +
    (status.database_seconds_ago === null ? ' · the database was not read yet'
      : ` · database read ${ago(status.database_seconds_ago)}`);
  replace('findings', ...status.findings.map(finding));
  replace('streams', ...status.streams.map(streamCard));
  byId('holds-section').hidden = status.holds.length === 0;
  replace('holds', ...status.holds.map(holdCard));
  replace('events', ...eventCards(status.events));
  const counts = ['pages', 'rows', 'new', 'changed', 'unchanged', 'deleted', 'held'].map((name) => [name, 'number']);
  replace('snapshots', table([['no.', ''], ['stream', ''], ['state', ''], ['ended', ''], ['took', ''], ...counts, ['objects', '']],
    status.snapshots.map((each) => snapshotRow(each, status.now)), 'none yet'));
  replace('quarantine', quarantineTable(status.quarantine));
  replace('drift', driftTable(status.drift));
  replace('requests', ...requestCards(status));
}

let answeredAt = Date.now();

function complain(reason) {
  byId('silence').textContent = `No answer from the daemon for ${age((Date.now() - answeredAt) / 1000)} (${reason}); ` +
    'what stands below is as old.';
  byId('silence').hidden = false;
  byId('content').classList.add('stale');
}

async function refresh() {
  try {
    const name = shownEnvironment();
    const question = name ? `status.json?environment=${name}` : 'status.json';
    const answer = await fetch(question, { cache: 'no-store', signal: AbortSignal.timeout(patience) });
    if (answer.status === 404 && name) location.hash = '';  // it is no longer mirrored, or was mistyped
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const status = await answer.json();
    if (name !== shownEnvironment()) return;  // meanwhile another one was asked for
    draw(status);
    answeredAt = Date.now();
    byId('silence').hidden = true;
    byId('content').classList.remove('stale');
  } catch (error) {
    complain(error.message);
  }
}

async function follow() {
  if (!document.hidden) await refresh();
  setTimeout(follow, pause);
}

addEventListener('hashchange', refresh);
follow();
