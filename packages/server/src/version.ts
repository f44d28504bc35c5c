/** The version of this server, as `/v1/session` and the OpenAPI document tell it. */
export const serverVersion = '0.1.0'
