// Talking to the service: one photo up, then one job followed. Knows nothing of what is shown.

/** What the tab remembers, so that a reload, or a phone that put the tab away, loses nothing. */
export const memory = {
  get(name) {
    try { return sessionStorage.getItem(name); } catch { return null; }
  },
  set(name, value) {
    try {
      if (value === null) sessionStorage.removeItem(name); else sessionStorage.setItem(name, value);
    } catch { /* A browser that remembers nothing still makes portraits. */ }
  },
};

/** The key that every call carries, where the service asks for one. */
export const key = {
  value: memory.get('headshot-key'),
  /** False: no header can carry it, so it is no key, and every call would throw from here on. */
  keep(value) {
    if (!/^[\x21-\x7e]+$/.test(value)) return false;
    this.value = value;
    memory.set('headshot-key', value);
    return true;
  },
  headers() {
    return this.value === null ? {} : { Authorization: `Bearer ${this.value}` };
  },
};

/** Something that ends a run, as the customer is told of it. `pause` is in seconds, 0 where the service names none. */
export class Trouble extends Error {
  constructor({ status = 0, title, detail, retryable = false, reference = '', pause = 0 }) {
    super(detail);
    Object.assign(this, { status, title, detail, retryable, reference, pause });
  }
}

/** One photo on its way, or a job of an earlier one. */
export function newRun(photo, jobId) {
  return { photo, jobId, idempotencyKey: randomKey(), stop: new AbortController() };
}

/**
 * Sends the photo, and again when the service is only busy; returns the job's id. Each attempt carries the same key, so
 * the photo is taken once at most. `sent` hears the share that has gone out, `busy` the sentence while we wait.
 */
export async function send(run, { sent, busy }) {
  const longest = 30;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await upload(run, sent);
    } catch (trouble) {
      const passing = [409, 429, 503].includes(trouble.status) && trouble.pause > 0 && trouble.pause <= longest;
      if (!passing || attempt === 5 || run.stop.signal.aborted) {
        // Once there was an answer, whoever tries again means a new request; only a lost one is made up for.
        if (trouble.status !== 0) run.idempotencyKey = randomKey();
        throw trouble;
      }
      busy(`${trouble.detail} We go on by ourselves in ${trouble.pause} s.`);
      await sleep(trouble.pause, run);
      busy('');
      sent(0);
    }
  }
}

/**
 * Follows the job to its end and returns its last document; `null` when the run was stopped. A look that fails is made
 * again, less and less often: the job does not depend on us. `seen` hears of each look, `missed` of each failure.
 */
export async function watch(run, { seen, missed }) {
  let failures = 0;
  for (let looks = 0; !run.stop.signal.aborted; looks += 1) {
    let pause = 1;
    try {
      const answer = await look(run, looks < 3 ? 0 : 20);
      if (run.stop.signal.aborted) break;
      if (!['queued', 'processing'].includes(answer.job.status)) return answer.job;
      failures = 0;
      pause = Math.max(answer.pause, 1);
      seen(answer.job);
    } catch (trouble) {
      failures += 1;
      if (!trouble.retryable || failures === 10) throw trouble;
      pause = Math.max(trouble.pause, Math.min(2 ** failures, 15));
      missed();
    }
    await sleep(pause, run);
  }
  return null;
}

/** One look at the job; the service may hold its answer back for `wait` seconds. */
export async function look(run, wait) {
  const deadline = new AbortController();
  const end = () => deadline.abort();
  const timer = setTimeout(end, (wait + 20) * 1000);
  run.stop.signal.addEventListener('abort', end);
  try {
    const path = `headshot/${encodeURIComponent(run.jobId)}${wait ? `?wait=${wait}` : ''}`;
    const response = await fetch(path, { headers: key.headers(), cache: 'no-store', signal: deadline.signal });
    const body = await response.json().catch(() => null);
    const pause = response.headers.get('Retry-After');
    if (!response.ok || body === null) throw troubleOf(response.status, body, pause);
    return { job: body, pause: seconds(pause) };
  } catch (error) {
    throw error instanceof Trouble ? error : offline();
  } finally {
    clearTimeout(timer);
    run.stop.signal.removeEventListener('abort', end);
  }
}

/** Only XMLHttpRequest tells how much of a body has been sent. */
function upload(run, sent) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', 'headshot-async');
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.setRequestHeader('Idempotency-Key', `"${run.idempotencyKey}"`);
    for (const [name, value] of Object.entries(key.headers())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) sent(Math.floor((event.loaded / event.total) * 100));
    };
    request.onerror = () => reject(offline());
    request.onabort = () => reject(offline());
    request.onload = () => {
      let body = null;
      try { body = JSON.parse(request.responseText); } catch { /* Not ours, then: a proxy's page. */ }
      // A job that could not be queued yet is safe all the same, and its problem names it.
      const taken = request.status < 300 || body?.code === 'queue_unavailable';
      if (taken && body?.job_id) resolve(body.job_id);
      else reject(troubleOf(request.status, body, request.getResponseHeader('Retry-After')));
    };
    run.stop.signal.addEventListener('abort', () => request.abort());
    request.send(run.photo);
  });
}

function offline() {
  return new Trouble({
    title: 'The connection broke.',
    detail: 'We could not reach the studio. Please check your connection and try again.',
    retryable: true,
  });
}

/** What an answer that is not a success says, if it says it as a problem document. */
function troubleOf(status, problem, retryAfter) {
  const ours = status >= 500;
  const retryable = problem?.retryable ?? (ours || status === 429);
  let title = retryable ? 'Not just now.' : 'We cannot take this photo.';
  if (status === 500 || (ours && !retryable)) title = 'Something went wrong.';
  return new Trouble({
    status,
    title,
    detail: problem?.detail ?? `The studio answered in a way that we did not expect (${status}).`,
    retryable,
    reference: ours && problem?.request_id ? `request ${problem.request_id}` : '',
    pause: seconds(retryAfter),
  });
}

/** `crypto.randomUUID` is missing where the page does not come by HTTPS, as on a phone in a developer's own network. */
function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** `Retry-After` in its one form that this service uses. */
function seconds(header) {
  const value = Number.parseInt(header ?? '', 10);
  return Number.isFinite(value) && value > 0 ? value : 0;
}

function sleep(duration, run) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, duration * 1000);
    run.stop.signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); });
  });
}
