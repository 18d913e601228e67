// Cartesia's JavaScript SDK 4.2.0, used as its own documentation shows. Prints what each step gave or threw.

const fs = require('node:fs');
const net = require('node:net');
const { setTimeout: sleep } = require('node:timers/promises');
const { Cartesia, toFile } = require('@cartesia/cartesia-js');

const { SERVER, KEY, SPEECH } = process.env;
const TEXT = 'The train to the coast leaves at half past seven.';
const PIECES = ['The train to the ', 'coast leaves at ', 'half past seven. ', 'It is ', 'never late.'];
const VOICE = '6ccbfb76-1fc6-48f7-b71d-91ac6298247b';
const RAW = { container: 'raw', encoding: 'pcm_s16le', sample_rate: 24000 };
const SPOKEN = { model_id: 'sonic-latest', voice: VOICE, output_format: RAW, language: 'en' };
const HEARD = { encoding: 'pcm_s16le', sample_rate: 16000 };

const client = new Cartesia({ apiKey: KEY, baseURL: SERVER });

// Its TTS socket always dials wss; where the server is plain, the connection is made plain under it.
const plain = SERVER.startsWith('http://') ? { createConnection: (o) => net.connect(o.port, o.host) } : {};

function keep(name, ...pieces) {
  fs.writeFileSync(name, Buffer.concat(pieces.map((piece) => Buffer.from(piece))));
  return name;
}

const sound = (events) => events.filter((event) => event.type === 'chunk').map((event) => event.audio);

async function all(iterable) {
  const items = [];
  for await (const item of iterable) items.push(item);
  return items;
}

async function withSocket(use) {
  const ws = await client.tts.websocket(plain);
  ws.on('error', () => {}); // each context throws its own
  try {
    return await use(ws);
  } finally {
    ws.close();
  }
}

function speechPieces() {
  const samples = fs.readFileSync(SPEECH).subarray(44);
  const pieces = [];
  for (let at = 0; at < samples.length; at += 3200) pieces.push(samples.subarray(at, at + 3200));
  return pieces;
}

const steps = {
  async wav() {
    const answer = await client.tts.generate({
      ...SPOKEN, transcript: TEXT, output_format: { ...RAW, container: 'wav' },
    });
    return keep('wav.wav', await answer.arrayBuffer());
  },

  async mp3() {
    const answer = await client.tts.generate({
      ...SPOKEN, transcript: TEXT, output_format: { container: 'mp3', sample_rate: 44100, bit_rate: 128000 },
    });
    return keep('mp3.mp3', await answer.arrayBuffer());
  },

  async events() {
    const events = await all(await client.tts.generateSSE({ ...SPOKEN, transcript: TEXT }));
    const chunks = events.filter((event) => event.type === 'chunk');
    return keep('events.pcm', ...chunks.map((event) => Buffer.from(event.data, 'base64')));
  },

  async socket() {
    return withSocket(async (ws) => {
      const events = await all(ws.generate({ ...SPOKEN, transcript: TEXT }));
      return keep('socket.pcm', ...sound(events));
    });
  },

  async continuations() {
    return withSocket(async (ws) => {
      const context = ws.context(SPOKEN);
      for (const transcript of PIECES) await context.push({ transcript });
      await context.no_more_inputs();
      return keep('continuations.pcm', ...sound(await all(context.receive())));
    });
  },

  async continuations_at_once() {
    return withSocket((ws) =>
      Promise.all(
        [0, 1, 2].map(async (number) => {
          const context = ws.context(SPOKEN);
          for (const transcript of PIECES) await context.push({ transcript });
          await context.no_more_inputs();
          return keep(`at_once_${number}.pcm`, ...sound(await all(context.receive())));
        }),
      ),
    );
  },

  async flushed() {
    return withSocket(async (ws) => {
      const context = ws.context(SPOKEN);
      await context.push({ transcript: 'Good morning, ', flush: true });
      await context.push({ transcript: 'and good evening.' });
      await context.no_more_inputs();
      const events = await all(context.receive());
      const types = events.map((event) => event.type);
      const flush = types.indexOf('flush_done');
      const ids = events.filter((event) => event.type === 'chunk').map((event) => event.flush_id);
      const first = keep('first.pcm', ...sound(events.slice(0, flush)));
      return { types, ids, audio: [first, keep('second.pcm', ...sound(events.slice(flush)))] };
    });
  },

  async cancelled() {
    return withSocket(async (ws) => {
      const long = ws.context(SPOKEN);
      await long.push({ transcript: 'This is a long story that nobody wants to hear. '.repeat(40) });
      const receiving = long.receive();
      await receiving.next();
      await long.cancel();
      const short = ws.context(SPOKEN);
      await short.push({ transcript: TEXT });
      await short.no_more_inputs();
      const events = await all(short.receive());
      return [keep('after_cancel.pcm', ...sound(events)), events.at(-1).type];
    });
  },

  async timestamps() {
    return withSocket(async (ws) => {
      const context = ws.context({ ...SPOKEN, add_timestamps: true, add_phoneme_timestamps: true });
      await context.push({ transcript: TEXT });
      await context.no_more_inputs();
      const events = await all(context.receive());
      const timed = events.filter((event) => event.type === 'timestamps').map((event) => event.word_timestamps);
      const phonemes = events.filter((event) => event.type === 'phoneme_timestamps');
      return {
        audio: keep('timestamps.pcm', ...sound(events)),
        words: timed.flatMap((each) => each.words),
        start: timed.flatMap((each) => each.start),
        end: timed.flatMap((each) => each.end),
        phonemes: phonemes.flatMap((event) => event.phoneme_timestamps.phonemes).length,
      };
    });
  },

  async voices() {
    return (await all(client.voices.list())).map((voice) => [voice.id, voice.name]);
  },

  async voices_page_by_page() {
    return (await all(client.voices.list({ limit: 1 }))).map((voice) => voice.id);
  },

  async one_voice() {
    const voice = await client.voices.get(VOICE);
    return [voice.id, voice.name];
  },

  async transcribed() {
    const answer = await client.stt.transcribe({
      file: fs.createReadStream(SPEECH), model: 'ink-whisper', language: 'en', timestamp_granularities: ['word'],
    });
    return { text: answer.text, duration: answer.duration, words: (answer.words ?? []).map((each) => each.word) };
  },

  async streamed() {
    const ws = client.stt.manualFinalize.websocket({ model: 'ink-whisper', ...HEARD });
    const receiving = all(ws);
    for (const piece of speechPieces()) ws.sendRaw(piece);
    ws.send('finalize');
    ws.send('close');
    const events = (await receiving).filter((event) => event.type === 'message').map((event) => event.message);
    const finals = events.filter((event) => event.type === 'transcript' && event.is_final);
    return { text: finals.map((event) => event.text).join(''), types: events.map((event) => event.type) };
  },

  // Real time, as turns are told by silence: the recording, and two seconds of nothing.
  async turns() {
    const ws = client.stt.autoFinalize.websocket({ model: 'ink-2', ...HEARD });
    const receiving = all(ws);
    for (const piece of [...speechPieces(), ...Array(20).fill(Buffer.alloc(3200))]) {
      ws.sendRaw(piece);
      await sleep(100);
    }
    ws.send({ type: 'close' });
    const received = await receiving;
    const events = received.filter((event) => event.type === 'message').map((event) => event.message);
    const ends = events.filter((event) => event.type === 'turn.end');
    return {
      text: ends.map((event) => event.transcript).join(''),
      types: events.map((event) => event.type),
      closed: received.filter((event) => event.type === 'close').map((event) => event.code),
    };
  },

  async pronounced() {
    const dictionary = await client.pronunciationDicts.create({
      name: 'test', items: [{ text: 'Zxq', alias: 'elephant' }],
    });
    const listed = (await all(client.pronunciationDicts.list())).map((each) => each.id);
    const said = await client.tts.generate({
      ...SPOKEN, transcript: 'I saw a Zxq today.', pronunciation_dict_id: dictionary.id,
      output_format: { ...RAW, container: 'wav' },
    });
    const audio = keep('pronounced.wav', await said.arrayBuffer());
    const changed = await client.pronunciationDicts.update(dictionary.id, { name: 'renamed' });
    const got = await client.pronunciationDicts.retrieve(dictionary.id);
    await client.pronunciationDicts.delete(dictionary.id);
    const left = (await all(client.pronunciationDicts.list())).map((each) => each.id);
    return {
      id: dictionary.id, audio, listed, left,
      items: got.items.map((item) => [item.text, item.alias]),
      names: [dictionary.name, changed.name, got.name],
    };
  },

  async with_a_token() {
    const { token } = await client.accessToken.create({ expires_in: 60, grants: { tts: true } });
    const granted = new Cartesia({ token, baseURL: SERVER });
    const answer = await granted.tts.generate({
      ...SPOKEN, transcript: TEXT, output_format: { ...RAW, container: 'wav' },
    });
    return keep('token.wav', await answer.arrayBuffer());
  },

  async with_a_token_for_something_else() {
    const { token } = await client.accessToken.create({ expires_in: 60, grants: { stt: true } });
    const granted = new Cartesia({ token, baseURL: SERVER });
    await granted.tts.generate({ ...SPOKEN, transcript: TEXT });
  },

  async infilled() {
    const answer = await client.tts.infill({
      left_audio: await toFile(fs.readFileSync(SPEECH), 'left.wav'), model_id: 'sonic-3', language: 'en',
      transcript: 'and good morning to all of you', voice_id: VOICE, output_format: { ...RAW, container: 'wav' },
    });
    return keep('infilled.wav', await answer.arrayBuffer());
  },

  // A clone, from its clip to its end.
  async made_voice() {
    const made = await client.voices.clone({
      clip: fs.createReadStream(SPEECH), name: 'test', language: 'en', description: 'of a clip',
    });
    const changed = await client.voices.update(made.id, { name: 'renamed', description: 'of a clip, renamed' });
    const got = await client.voices.get(made.id);
    const owned = (await all(client.voices.list({ is_owner: true }))).map((voice) => voice.id);
    const said = await client.tts.generate({
      ...SPOKEN, transcript: TEXT, voice: made.id, output_format: { ...RAW, container: 'wav' },
    });
    const audio = keep('made_voice.wav', await said.arrayBuffer());
    await client.voices.delete(made.id);
    const left = (await all(client.voices.list())).map((voice) => voice.id);
    return { id: made.id, audio, owned, left, names: [made.name, changed.name, got.name] };
  },

  async controls() {
    const answer = await client.tts.generate({
      ...SPOKEN, transcript: TEXT, output_format: { ...RAW, container: 'wav' },
      generation_config: { speed: 1.4, volume: 0.8, emotion: 'excited' },
    });
    return keep('controls.wav', await answer.arrayBuffer());
  },

  async nothing_to_say() {
    await client.tts.generate({ ...SPOKEN, transcript: '' });
  },

  async not_offered() {
    await all(client.datasets.list());
  },

  async unknown_voice() {
    await client.tts.generate({ ...SPOKEN, transcript: TEXT, voice: 'nobody' });
  },

  async unknown_voice_on_a_socket() {
    return withSocket(async (ws) => {
      const context = ws.context({ ...SPOKEN, voice: 'nobody' });
      await context.push({ transcript: TEXT });
      await all(context.receive());
    });
  },

  async wrong_key() {
    await all(new Cartesia({ apiKey: 'wrong', baseURL: SERVER }).voices.list());
  },

  async wrong_key_on_a_socket() {
    const ws = await new Cartesia({ apiKey: 'wrong', baseURL: SERVER }).tts.websocket(plain);
    ws.close();
  },
};

function lineage(error) {
  const names = [];
  for (let kind = error?.constructor; kind?.name; kind = Object.getPrototypeOf(kind)) names.push(kind.name);
  return names;
}

(async () => {
  process.on('unhandledRejection', () => {}); // the SDK also rejects where nobody can listen
  const results = {};
  for (const [name, step] of Object.entries(steps)) {
    try {
      results[name] = { value: await step() };
    } catch (error) {
      const message = String(error?.message);
      results[name] = {
        raised: lineage(error), message, status: error?.status ?? null, traceback: String(error?.stack),
      };
    }
  }
  console.log(JSON.stringify(results));
  process.exit(0);
})();
