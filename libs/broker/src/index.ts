export { kafkaBus } from './kafka-bus.ts'
export { kafkaDefaults, type KafkaBusOptions, type KafkaTimes } from './kafka-options.ts'
export { chunkTopic, workerGroup } from './kafka-names.ts'
