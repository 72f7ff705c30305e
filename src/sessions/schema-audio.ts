import { audioTypes } from '../contract/audio.ts';
import { builder } from '../graphql/builder.ts';
import { countOf, pageOf } from './children.ts';
import { inMinutes, readMinutes, UploadState } from './schema-images.ts';

const AudioClip = builder.prismaObject('AudioClip', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Made by the recorder.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime' }),
    durationMs: t.exposeInt('durationMs'),
    mimeType: t.exposeString('mimeType'),
    originalBytes: t.exposeInt('originalBytes'),
    storedBytes: t.exposeInt('storedBytes', { nullable: true }),
    upload: t.expose('upload', { type: UploadState, description: 'What became of the bytes.' }),
    problem: t.exposeString('problem', { nullable: true }),
    uploadedAt: t.expose('uploadedAt', { type: 'DateTime', nullable: true }),
    url: t.string({
      nullable: true,
      description:
        'Signed address of the sound, good for ten minutes; relative to the server. `null` until the bytes have arrived.',
      select: { id: true, objectKey: true },
      resolve: ({ id, objectKey }, _args, { app }) =>
        objectKey
          ? app.signer.sign({ action: 'read-audio-clip', id }, inMinutes(readMinutes))
          : null,
    }),
  }),
});

const audioList = { table: 'AudioClip', order: ['startedAt', 'id'] } as const;

builder.prismaObjectField('Session', 'audioClips', (t) =>
  t.prismaConnection(
    {
      type: AudioClip,
      cursor: 'id',
      description: 'What the participant said, by the time it was said.',
      totalCount: (session, _args, context) => countOf(context, audioList, session),
      resolve: (query, session, _args, context) => {
        const { take, skip, cursor, ...rest } = query;
        return pageOf(context, audioList, session, query, [], (ids) =>
          context.app.db.audioClip.findMany({ ...rest, where: ids }),
        );
      },
    },
    { name: 'AudioClipConnection', description: 'A page of audio clips.' },
    { name: 'AudioClipEdge', description: 'An item of a page of audio clips.' },
  ),
);

export const AudioClipInput = builder.inputType('AudioClipInput', {
  description: 'What is known of a stretch of sound; the bytes follow by `PUT`: Opus in WebM.',
  fields: (t) => ({
    id: t.id({
      required: true,
      description: 'UUID made by the recorder, the same at every repeat.',
    }),
    startedAt: t.field({
      type: 'DateTime',
      required: true,
      description: 'Instant the sound begins, by the client’s clock.',
    }),
    durationMs: t.int({ required: true, description: 'How long it plays, in milliseconds.' }),
    mimeType: t.string({
      required: true,
      description: `Media type of the bytes, without parameters: ${audioTypes.join(', ')}.`,
    }),
    bytes: t.int({ required: true, description: 'Size, in bytes.' }),
    sha256: t.string({
      required: true,
      description: 'SHA-256 of the bytes, 64 lower-case hexadecimal digits.',
    }),
  }),
});
