"""What pages that stand above the provider may use of it, by what it is about; the import contract in the test run holds it.

- `people`: residents, as the page may know them: a profile decrypted for one request, and who stands behind a number or a `sub`.
- `logins`: the login of this browser: who is signed in, at which level, on which devices, and when it ends.
- `live_logins`: which of very many logins count, asked for together.
- `credentials`: ways in: what a resident holds, and what this login may do with each (decision 0013).
- `staff`: members of staff: who is signed in, with which roles, and routes that are for them.
- `apps`: connected apps: their names, what the resident granted to them, and what waits for an answer.
- `resource_server`: an API for departments: the bearer token of a request, its refusals, and the API's own description (OpenAPI).
- `web`: routes and pages: who may call, how a refusal looks, language, and others' text made harmless.
- `storage`: tables, time, work for later, and what is away: the ground both packages stand on.
- `record`: the record (audit): what happened to a resident, told to whoever listens in the same transaction.
"""
