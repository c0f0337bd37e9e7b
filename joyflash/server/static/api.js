// The server: its models, and one answer as it arrives. Every failure is a ServerError whose `kind` words.js can say.
export class ServerError extends Error {
  constructor(kind, details = {}) {
    super(details.message ?? kind);
    this.failure = { kind, message: "", ...details };
  }
}

const KINDS = { 401: "key", 404: "model", 413: "large", 429: "busy", 503: "closing" };

async function refusal(response) {
  const { error } = await response.json().catch(() => ({}));
  const kind = error?.code === "context_length_exceeded" ? "tooLong"
    : KINDS[response.status] ?? (response.status >= 500 ? "server" : "refused");
  const message = error?.message ?? `HTTP ${response.status}`;
  return new ServerError(kind, { status: response.status, message, retryAfter: response.headers.get("Retry-After") });
}

async function ask(path, key, options = {}) {
  const headers = { "Content-Type": "application/json" };
  if (key) headers.Authorization = `Bearer ${key}`;
  let response;
  try {
    response = await fetch(path, { ...options, headers, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError("unreachable");
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

// Names of the served models.
export async function listModels(key) {
  const { data } = await (await ask("v1/models", key)).json();
  return data.map((model) => model.id);
}

// Yield the chunks of a streamed completion. Throws ServerError, or AbortError when `signal` stops it.
export async function* stream(body, key, signal) {
  const whole = { ...body, stream: true, stream_options: { include_usage: true, continuous_usage_stats: true } };
  const response = await ask("v1/chat/completions", key, { method: "POST", signal, body: JSON.stringify(whole) });
  for await (const data of events(response.body)) {
    if (data === "[DONE]") return;
    const chunk = JSON.parse(data);
    if (chunk.error) throw new ServerError("server", { message: chunk.error.message });
    yield chunk;
  }
  throw new ServerError("broken");   // an answer that is complete ends with [DONE]
}

// The data of server-sent events; comments, which only keep the connection open, are skipped.
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) if (line.startsWith("data:")) yield line.slice(5).trim();
    }
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError("broken");
  } finally {
    reader.cancel().catch(() => {});
  }
}
