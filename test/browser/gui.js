/**
 * The wire behaviour of the MR Optimum web GUI, as captured: which calls it makes, with which of its tokens, how long it
 * waits, what it does when it is refused. Runs in Node and, as text without `export`, in a page. Nothing here knows
 * the broker: what it reads of answers is what the GUI reads.
 */
const APP = 'MR Optimum';
const TIMEOUT_MS = 5_000;
const POLL_MS = 15_000;
const PART_BYTES = 10 * 1024 * 1024;

/** @param {string} base Base URL as it is built into the GUI, for example http://127.0.0.1:8080/Prod/api */
export function createGui(base) {
  /** @type {{ idToken: string, accessToken: string, refreshToken: string, exp: number } | undefined} */
  let tokens;
  let refreshing;

  function keep({ id_token, access_token, refresh_token }) {
    // As the GUI decodes it: bare atob, so `-` or `_` in it would throw.
    const { exp } = JSON.parse(atob(id_token.split('.')[1]));
    if (typeof exp !== 'number') throw new Error("Cannot read properties of null (reading 'exp')");
    tokens = {
      idToken: id_token,
      accessToken: access_token,
      refreshToken: refresh_token ?? tokens?.refreshToken,
      exp,
    };
  }

  async function send(method, path, { body, bearer, headers = {}, timeoutMs = TIMEOUT_MS } = {}) {
    const answer = await fetch(`${base}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(bearer ? { Authorization: `Bearer ${bearer}` } : {}),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      ...(timeoutMs ? { signal: AbortSignal.timeout(timeoutMs) } : {}),
    });
    const text = await answer.text();
    const data = text ? JSON.parse(text) : undefined;
    if (answer.ok) return { status: answer.status, data };
    throw Object.assign(new Error(data?.message ?? `Request failed with status code ${answer.status}`), {
      status: answer.status,
      data,
    });
  }

  function refresh() {
    refreshing ??= send('POST', '/auth/refresh', {
      body: { refresh_token: tokens.refreshToken },
      timeoutMs: 0,
    })
      .then(({ data }) => keep(data))
      .finally(() => (refreshing = undefined));
    return refreshing;
  }

  /** The GUI's authenticated client: id token, refresh before the last 15 minutes and after 401 or 403, then once more. */
  async function authenticated(method, path, options = {}) {
    if (tokens.exp - Date.now() / 1000 < 900) await refresh();
    try {
      return await send(method, path, { ...options, bearer: tokens.idToken });
    } catch (error) {
      if (error.status !== 401 && error.status !== 403) throw error;
      await refresh();
      return send(method, path, { ...options, bearer: tokens.idToken });
    }
  }

  const get = async (path, query = {}) =>
    (await authenticated('GET', `${path}?${new URLSearchParams({ ...query, cloudapp_name: APP })}`)).data;
  const post = async (path, body, options) =>
    (await authenticated('POST', path, { ...options, body: { ...body, cloudapp_name: APP } })).data;
  /** Native fetch with the access token and a Content-Type on a GET; no timeout of its own. */
  const native = async (method, path, body) =>
    (
      await send(method, path, {
        body,
        bearer: tokens.accessToken,
        headers: { 'Content-Type': 'application/json' },
      })
    ).data;

  const gui = {
    tokens: () => tokens,
    /** 1 */
    async login(email, password) {
      const { data } = await send('POST', '/auth/login', { body: { email, password }, timeoutMs: 0 });
      keep(data);
      return data;
    },
    /** 2 */
    profile: async () => (await send('GET', '/profile', { bearer: tokens.accessToken })).data,
    /** 3 */
    refresh,
    /** 4, 5, 6 */
    open: async (path, body) => (await send('POST', path, { body })).data,
    /** 7 */
    changePassword: (oldPassword, newPassword) => post('/auth/change-password', { oldPassword, newPassword }),
    /** 8 */
    dataRead: () => get('/data/read'),
    /** 9 */
    dataUpdate: (fileid, filename) => post('/data/update', { fileid, filename }),
    /** 10 */
    dataDelete: (id) => post(`/data/delete/${id}`, {}),
    /** 11, 12, 13: all parts at once, no timeout on them, three tries each. */
    async upload(file, filename) {
      const headers = { 'X-Api-Key': 'undefined' };
      const begun = await post(
        '/upload_initiate',
        {
          filename,
          filetype: file.type || 'application/octet-stream',
          filesize: String(file.size),
          filemd5: '',
          file: { name: filename, lastModified: 1_795_299_845_245, size: file.size, type: file.type },
        },
        { headers },
      );
      const parts = await Promise.all(
        begun.partUrls.map(async (url, index) => ({
          partNumber: index + 1,
          etag: (
            await putThrice(url, file.slice(index * PART_BYTES, (index + 1) * PART_BYTES), '')
          ).etag.replace(/"/g, ''),
        })),
      );
      const ended = await post(
        '/upload_finalize',
        { uploadId: begun.uploadId, parts, Key: begun.Key },
        { headers },
      );
      return { begun, parts, ended };
    },
    /** 15 */
    count: (mode) => native('GET', `/pipeline/count_calculations?cloudapp_name=MR+Optimum&mode=${mode}`),
    /** 16 */
    units: (mode) => native('GET', `/computing-unit/list?app_name=MR+Optimum&mode=${mode}`),
    /** 17 */
    unitDelete: (computingUnitId) => native('POST', '/computing-unit/delete', { computingUnitId }),
    /** 18 */
    queue: async (job) => {
      const { status } = await authenticated('POST', '/pipeline/queue_job', {
        body: { ...job, cloudapp_name: APP },
        headers: { accept: '*/*' },
      });
      return status;
    },
    /** 18 for each job in the queue, one after the other; then 19, once. */
    queueAll: async (jobs) => {
      const statuses = [];
      for (const job of jobs) statuses.push(await gui.queue(job));
      return { statuses, jobs: await gui.jobs() };
    },
    /** 19, every 15 seconds as long as the results are open, until there is nothing to wait for. */
    poll: async () => {
      for (;;) {
        await new Promise((later) => setTimeout(later, POLL_MS));
        const jobs = await gui.jobs();
        if (jobs.every(({ status }) => status !== 'pending')) return jobs;
      }
    },
    /** 19 */
    jobs: async () => (await get('/pipeline/list')).jobs,
    /** 20 */
    jobDelete: async (id) => (await authenticated('DELETE', `/pipeline/delete?id=${id}`)).data,
    /** 21 */
    unzip: (location) => post('/unzip', JSON.parse(location), { timeoutMs: 100_000_000 }),
    /** 23 */
    rois: (pipeline_id) => get('/roi/list', { pipeline_id }),
    /** 24, 25, 26: named, sent, and fetched again at once. */
    async saveRoi(pipeline_id, filename, zip, sliceMM) {
      const { upload_url, access_url } = await post('/roi/upload', {
        filename,
        pipeline_id,
        type: 'image',
        contentType: 'application/octet-stream',
        data: { sliceMM },
      });
      const { status } = await put(upload_url, zip, 'application/octet-stream');
      if (status < 200 || status > 299) throw new Error(`PUT ${status}`);
      return { access_url, bytes: await fetchBytes(access_url) };
    },
    /** 27 */
    roiDelete: (roi_id) => native('DELETE', '/roi/delete', { roi_id }),
    /** Right after the sign-in, Main mounts all its tabs: 13 requests at once. */
    mount: () =>
      Promise.all([
        gui.profile(),
        gui.count('mode_1'),
        gui.count('mode_2'),
        gui.units('mode_1'),
        gui.units('mode_2'),
        gui.units('mode_1'),
        gui.units('mode_2'),
        gui.dataRead(),
        gui.dataRead(),
        gui.dataRead(),
        gui.jobs(),
        gui.jobs(),
        gui.profile(),
      ]),
  };
  return gui;
}

/** The words the GUI shows for a refused job; undefined: it shows nothing. */
export function quotaMessage({ error = '', current_count, limit } = {}) {
  if (!error.includes('Monthly limit') && (current_count === undefined || limit === undefined))
    return undefined;
  return `Monthly limit of ${limit} ${/(mode_[12])/.exec(error)?.[1]} calculations reached.`;
}

/** 14, 22, 26, 28: without any header. */
export async function fetchBytes(link) {
  const answer = await fetch(link);
  if (!answer.ok) throw new Error(`GET ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

async function putThrice(url, part, contentType) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await put(url, part, contentType);
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

/** As axios does it in a browser: XMLHttpRequest, and a Content-Type header even if it is empty. */
async function put(url, part, contentType) {
  if (typeof XMLHttpRequest === 'undefined') {
    const answer = await fetch(url, { method: 'PUT', body: part, headers: { 'Content-Type': contentType } });
    return { status: answer.status, etag: answer.headers.get('etag') };
  }
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', url);
    request.setRequestHeader('Content-Type', contentType);
    request.onload = () => resolve({ status: request.status, etag: request.getResponseHeader('etag') });
    request.onerror = () => reject(new Error('Network Error'));
    request.send(part);
  });
}
