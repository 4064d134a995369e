// The page at `/`: takes a photo, sends it, follows its job, and shows what comes of it. Everything that is shown of an
// answer goes through `textContent`: no string of a server's, or of a file's, becomes markup.

import { Trouble, key, look, memory, newRun, send, watch } from './service.js';

const byId = (id) => document.getElementById(id);
const limitBytes = Number(document.documentElement.dataset.maxUploadBytes) || 50_000_000;

/** The photo that is being worked on: one at a time. */
let current = null;

// --- What is shown ---

const titles = { working: 'In the making', done: 'Your portrait', trouble: 'Not this time', key: 'A key, please' };

function show(state) {
  const before = document.body.dataset.state;
  document.body.dataset.state = state;
  for (const panel of document.querySelectorAll('[data-panel]')) panel.hidden = panel.dataset.panel !== state;
  document.title = [titles[state], 'Perkie Headshot'].filter(Boolean).join(' – ');
  byId('portrait').hidden = state !== 'done';
  byId('photo').hidden = ['done', 'empty'].includes(state) || !byId('photo').classList.contains('loaded');
  if (before === state) return;
  // What had the focus is gone: the heading of what came instead takes it, and is read out.
  const title = document.querySelector(`[data-panel="${state}"] h2`);
  title.focus({ preventScroll: true });
  const box = title.getBoundingClientRect();
  if (box.top < 0 || box.bottom > innerHeight) title.scrollIntoView({ block: 'center' });
}

function announce(sentence) {
  byId('announcement').textContent = sentence;
}

const steps = ['step-send', 'step-wait', 'step-find', 'step-print'];

function step(now, sentence) {
  const reached = steps.indexOf(now);
  steps.forEach((id, index) => {
    byId(id).classList.toggle('over', index < reached);
    if (index === reached) byId(id).setAttribute('aria-current', 'step'); else byId(id).removeAttribute('aria-current');
  });
  byId('photo').classList.toggle('grey', now === 'step-print');
  if (now !== 'step-send') {
    byId('sent').textContent = '';
    byId('progress').removeAttribute('value');
  }
  if (byId('announcement').textContent !== sentence) announce(sentence);
}

function showSent(share) {
  byId('progress').value = share;
  byId('sent').textContent = share ? `${share} %` : '';
}

function patience(sentence) {
  if (byId('patience').textContent === sentence) return;
  byId('patience').textContent = sentence;
  byId('patience').hidden = !sentence;
  if (sentence) announce(sentence);
}

/** The photo in the frame while its portrait is made. Not every browser can show a HEIC file; then the frame waits. */
function showPhoto(file) {
  const image = byId('photo');
  if (image.src) URL.revokeObjectURL(image.src);
  image.classList.remove('loaded', 'grey');
  image.hidden = true;
  image.removeAttribute('src');
  if (!file) return;
  image.onload = () => {
    image.classList.add('loaded');
    image.hidden = ['done', 'empty'].includes(document.body.dataset.state);
  };
  image.src = URL.createObjectURL(file);
}

function list(element, sentences) {
  element.replaceChildren(...sentences.map((sentence) => {
    const item = document.createElement('li');
    item.textContent = sentence;
    return item;
  }));
}

const figure = (value, digits = 0) => value.toLocaleString('en', { maximumFractionDigits: digits });
/** Keeps what belongs together on one line. */
const together = (text) => text.replaceAll(' ', '\u00a0');
const size = (bytes) => together(bytes < 100_000 ? `${figure(bytes / 1000)} kB` : `${figure(bytes / 1e6, 1)} MB`);
const centimetres = (sides) => sides.map((inches) => Math.round(inches * 2.54)).join(' × ');

function showResult(job) {
  const advice = adviceOn(job.quality);
  list(byId('advice'), advice);
  offer(job);
  showPhoto(null);
  show('done');
  announce(advice.join(' '));
}

/** What is said of the photo: the service's own sentences, and how large a print of it stays sharp. */
function adviceOn(quality) {
  if (!quality) return [];
  const sentences = (quality.reasons ?? []).map((reason) => reason.message);
  if (!sentences.length) sentences.push('A good photo. There is nothing we would change.');
  const inches = /^(\d+)x(\d+)in$/.exec(quality.largest_sharp_print ?? '')?.slice(1).map(Number);
  sentences.push(inches
    ? `Sharp on paper up to ${together(`${centimetres(inches)} cm`)} ${together(`(${inches.join(' × ')} in)`)}.`
    : 'It has too few pixels for a sharp print; the portrait looks its best on a screen.');
  return sentences;
}

/** Puts the picture and the links into place. Links last an hour at most, so this is done again and again. */
function offer(job) {
  // A picture that is there already stays; it would only be fetched once more.
  const portrait = byId('portrait');
  if (job.preview_url && !portrait.naturalWidth) portrait.src = job.preview_url;
  for (const name of ['print', 'preview']) {
    const [link, url] = [byId(name), job[`${name}_url`]];
    link.hidden = !url;
    if (!url) continue;
    link.href = url;
    // Only obeyed where the picture comes from this server; where it does not, a new tab keeps this page open.
    link.download = `portrait-${name}.png`;
    if (new URL(url, location.href).origin !== location.origin) link.target = '_blank';
    const made = (job.outputs ?? []).find((output) => output.rendition === name);
    if (!made) continue;
    const sides = [made.width, made.height];
    const facts = name === 'print'
      ? [`${centimetres(sides.map((pixels) => pixels / 300))} cm`, '300 dpi']
      : [`${sides.join(' × ')} pixels`];
    byId(`${name}-size`).textContent = [...facts, size(made.bytes)].map(together).join(' · ');
  }
}

function showTrouble(trouble, advice = []) {
  byId('trouble-title').textContent = trouble.title;
  byId('trouble-detail').textContent = trouble.detail;
  list(byId('trouble-advice'), advice);
  const again = trouble.retryable && current !== null && (current.photo !== null || current.jobId !== null);
  byId('retry').hidden = !again;
  byId('other').classList.toggle('plain', again);
  byId('trouble-reference').textContent = trouble.reference ? `If you write to us, mention ${trouble.reference}.` : '';
  byId('trouble-reference').hidden = !trouble.reference;
  show('trouble');
  announce([trouble.detail, ...advice].join(' '));
}

/** A job that ended without a portrait. Only where the fault is ours may the same photo do better next time. */
function showFailed(run, job) {
  const ours = job.error?.code === 'internal';
  const detail = job.error?.message ?? 'No portrait came of this photo.';
  const also = (job.quality?.reasons ?? []).map((reason) => reason.message).filter((message) => message !== detail);
  const title = ours ? 'Something went wrong.' : 'This photo will not do.';
  // Another attempt is another job, and another request.
  current = newRun(run.photo, null);
  memory.set('headshot-job', null);
  showTrouble(new Trouble({ title, detail, retryable: ours, reference: ours ? `job ${job.job_id}` : '' }), also);
}

function askForKey(sentence) {
  const refused = key.value !== null;
  if (refused) byId('key-detail').textContent = sentence;
  byId('key').toggleAttribute('aria-invalid', refused);
  byId('key').value = '';
  show('key');
  byId('key').focus();
  announce(byId('key-detail').textContent);
}

// --- One photo's way ---

/** Why a file cannot be a photo that is taken, as far as it can be told without sending it. */
function objection(file) {
  const named = /\.(jpe?g|png|webp|hei[cf]|avif|dng|nef|arw|cr[23]|raf|rw2|pef)$/i.test(file.name);
  if (file.type.startsWith('video/')) {
    return 'This is a video. Please choose a photo, or a still of the video: pause it and take a screenshot.';
  }
  if (file.type && !file.type.startsWith('image/') && !named) {
    return 'This is not a photo. We take JPEG, HEIC, PNG, WebP and AVIF.';
  }
  if (file.size === 0) return 'This file is empty. Please choose another one.';
  if (file.size > limitBytes) {
    return `This photo has ${size(file.size)}, and ${size(limitBytes)} is the most that we take. `
      + 'Please choose a smaller version of it.';
  }
  return null;
}

function choose(files) {
  if (files.length === 0) return;
  forget();
  const wrong = files.length > 1 ? 'One photo at a time, please.' : objection(files[0]);
  if (wrong) {
    showTrouble(new Trouble({ title: 'We cannot take this.', detail: wrong }));
    return;
  }
  showPhoto(files[0]);
  work(newRun(files[0], null));
}

async function work(run) {
  current = run;
  const { signal } = run.stop;
  const began = Date.now();
  patience('');
  show('working');
  try {
    if (run.jobId === null) {
      showSent(0);
      step('step-send', 'Sending your photo.');
      run.jobId = await send(run, { sent: showSent, busy: patience });
      if (signal.aborted) return;
      memory.set('headshot-job', run.jobId);
    }
    step('step-wait', 'Your photo has arrived.');
    const job = await watch(run, {
      seen(now) {
        progress(now);
        patience(Date.now() - began < 30_000 ? ''
          : 'This takes longer than it should. Your photo is safe: leave this page open, or come back to it in this tab.');
      },
      missed: () => patience('The connection is poor. Your photo has arrived and is safe; we keep asking for it.'),
    });
    if (job === null || signal.aborted) return;
    if (job.status === 'done') showResult(job); else showFailed(run, job);
  } catch (trouble) {
    if (signal.aborted) return;
    if (!(trouble instanceof Trouble)) throw trouble;
    if (trouble.status === 401) askForKey(trouble.detail);
    // A job of an earlier visit that is not there any more is nobody's trouble.
    else if (trouble.status === 404 && run.photo === null) reset();
    else showTrouble(trouble);
  }
}

const finding = ['fetch', 'decode', 'matting', 'quality'];

function progress(job) {
  if (job.status === 'queued') step('step-wait', 'Your photo waits for its turn.');
  else if (!job.stage || finding.includes(job.stage)) step('step-find', 'Cutting your pet out.');
  else step('step-print', 'Setting it in black and white.');
}

function forget() {
  current?.stop.abort();
  current = null;
  memory.set('headshot-job', null);
  byId('portrait').removeAttribute('src');
}

function reset() {
  forget();
  showPhoto(null);
  show('empty');
  announce('');
}

/** Fresh links, because old ones die. */
async function renewLinks() {
  const run = current;
  if (run === null || document.body.dataset.state !== 'done') return;
  try {
    const { job } = await look(run, 0);
    if (run === current && job.status === 'done') offer(job);
  } catch { /* The old links may still be good, and whoever follows one is told. */ }
}

// --- What the customer does ---

const file = byId('file');
file.addEventListener('change', () => {
  const chosen = Array.from(file.files);
  // Otherwise the same photo once more would be no change.
  file.value = '';
  choose(chosen);
});
for (const button of document.querySelectorAll('[data-choose]')) button.addEventListener('click', () => file.click());

// A photo may be dropped anywhere: after a near miss the browser would open the file and leave the page.
let depth = 0;
const carriesFiles = (event) => event.dataTransfer?.types.includes('Files');
function dragged(to) {
  depth = Math.max(to, 0);
  document.body.classList.toggle('dragging', depth > 0);
}
addEventListener('dragenter', (event) => { if (carriesFiles(event)) dragged(depth + 1); });
addEventListener('dragleave', () => dragged(depth - 1));
addEventListener('dragover', (event) => { if (carriesFiles(event)) event.preventDefault(); });
addEventListener('drop', (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  dragged(0);
  choose(Array.from(event.dataTransfer.files));
});
addEventListener('paste', (event) => choose(Array.from(event.clipboardData?.files ?? [])));

for (const button of document.querySelectorAll('[data-reset]')) button.addEventListener('click', reset);
byId('retry').addEventListener('click', () => { if (current !== null) work(current); });

byId('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  if (key.keep(byId('key').value.trim())) {
    if (current === null) reset(); else work(current);
  } else {
    byId('key-detail').textContent = 'A key has plain letters, digits and signs, and no spaces.';
    byId('key').toggleAttribute('aria-invalid', true);
    announce(byId('key-detail').textContent);
  }
});

const colour = byId('colour');
const radios = document.querySelectorAll('[name="ground"]');

/** What the portrait is looked at on; `own` is the customer's own colour. */
function ground(name) {
  const own = name === 'own';
  byId('opening').dataset.ground = name;
  byId('opening').style.setProperty('--own', colour.value);
  colour.classList.toggle('chosen', own);
  if (own) byId('own').style.background = colour.value;
  const words = own ? `the colour ${colour.value}` : name;
  byId('ground-name').textContent = words;
  byId('portrait').alt = `Black-and-white portrait of your pet, seen on ${words}`;
}
for (const radio of radios) radio.addEventListener('change', () => ground(radio.value));
for (const event of ['input', 'click']) {
  colour.addEventListener(event, () => {
    for (const radio of radios) radio.checked = false;
    ground('own');
  });
}

let renewed = 0;
byId('portrait').addEventListener('error', () => {
  // Only once in a while: a link that never works is not asked for without end.
  if (Date.now() - renewed < 10_000) return;
  renewed = Date.now();
  renewLinks();
});
setInterval(renewLinks, 5 * 60_000);
document.addEventListener('visibilitychange', () => { if (!document.hidden) renewLinks(); });

byId('limit').textContent = `, up to ${size(limitBytes)}`;
for (const radio of radios) if (radio.checked) ground(radio.value);
const left = memory.get('headshot-job');
if (left) work(newRun(null, left));
