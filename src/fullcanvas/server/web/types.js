/**
 * The shapes that the server and the page exchange, and the page's own state. Types only: nothing runs here.
 *
 * @typedef {[number, number]} Point  A position (x, y) in photo pixels.
 * @typedef {[number, number, number, number]} Box  Half-open (x0, y0, x1, y1).
 * @typedef {[number, number, number]} Color  Red, green, blue in 0..255.
 * @typedef {"new" | "in_work" | "complete" | "reviewed" | "rejected"} Status
 *
 * @typedef {object} Region
 * @property {number} id
 * @property {string | null} label
 * @property {Color} color  Its label's, or one of its own.
 * @property {Point[]} extreme_points  Left, right, top, bottom.
 * @property {Box} box
 * @property {number} scribbles
 * @property {number} seconds  Of work.
 *
 * @typedef {object} Pin  What is wrong at a pixel, as a reviewer sees it.
 * @property {number} x  In photo pixels, as is y.
 * @property {number} y
 * @property {string} text
 *
 * @typedef {object} Review
 * @property {"reviewed" | "rejected"} verdict
 * @property {string | null} comment
 * @property {string | null} reviewer  Null where there are no accounts.
 * @property {number | null} time  In seconds since 1970.
 * @property {Pin[]} pins
 *
 * @typedef {object} Photo
 * @property {number} id
 * @property {string} path
 * @property {number} width
 * @property {number} height
 * @property {number} display_width
 * @property {number} display_height
 * @property {Status} status
 * @property {number} version
 * @property {boolean} can_undo
 * @property {boolean} can_redo
 * @property {number} unassigned  A fraction in [0, 1].
 * @property {number} seconds  Of work.
 * @property {string | null} author  Who changed or completed it last; null where there are no accounts.
 * @property {string | null} comment  Why it was rejected, until it is complete again.
 * @property {Review | null} review  The latest, whatever became of the photo since.
 * @property {string | null} begun_with  The hash of the model that answered its log so far, if another one does now.
 * @property {Region[]} regions
 *
 * @typedef {object} PhotoItem
 * @property {number} id
 * @property {string} path
 * @property {Status} status
 * @property {number} version
 * @property {number} regions
 * @property {number} unlabelled
 * @property {string[]} labels  Of its regions, each once.
 * @property {number} seconds
 * @property {string | null} author
 * @property {string | null} comment
 * @property {Review | null} review
 *
 * @typedef {object} Filter  Which photos to list.
 * @property {Status | ""} status  Empty for all.
 * @property {string} name  A part of their paths.
 * @property {string} label  That a region of theirs has.
 * @property {string} person  Who changed, completed or reviewed them last.
 *
 * @typedef {object} PhotoPage  A part of the list of photos.
 * @property {number} total
 * @property {PhotoItem[]} items
 *
 * @typedef {{name: string, photo: number}} Person  Somebody else, and the photo that they have open.
 *
 * @typedef {object} Changes  What changed since a revision.
 * @property {number} revision  To ask from next time.
 * @property {PhotoItem[]} photos  The earliest change first.
 * @property {Record<string, number>} statuses  How many photos have each now.
 * @property {number} labels_version  Grows with every change of a label.
 * @property {Person[]} people
 *
 * @typedef {object} Label
 * @property {number} id
 * @property {string} name
 * @property {boolean} isthing
 * @property {Color} color
 *
 * @typedef {object} Project
 * @property {string} name
 * @property {number} photos
 * @property {number} complete
 * @property {Record<string, number>} statuses  How many photos have each.
 * @property {number} seconds  Of work, on all photos.
 * @property {boolean} unassigned_allowed  Whether a photo may be complete with unassigned pixels.
 * @property {boolean} unlabelled_allowed  Whether it may be with regions that have no label.
 * @property {{name: string, hash: string}} model
 * @property {number} labels_version  Of the labels; grows with every change of one.
 * @property {Label[]} labels  In the order that digits count.
 * @property {string[]} people  Who changed, completed or reviewed photos last.
 *
 * @typedef {"annotator" | "reviewer" | "admin"} Role  Each may also do what those before it may.
 *
 * @typedef {object} Session
 * @property {string | null} name  Null for whoever sits at the machine that the annotator runs on.
 * @property {Role} role
 *
 * @typedef {object} HistoryEntry  What an entry did, to which region, that region's label, and all this in words.
 * @property {number} after  The entry that it follows, counted from 1; 0 is the beginning.
 * @property {string} kind
 * @property {number | null} region
 * @property {string | null} label
 * @property {string} text
 * @property {string | null} author
 *
 * @typedef {object} History  The entry `cursor` and all that lead to it are in force; redoing goes on to `tip`.
 * @property {number} version
 * @property {number} cursor
 * @property {number} tip
 * @property {HistoryEntry[]} entries
 *
 * @typedef {object} ExportProgress
 * @property {number} photos  How many are to be exported.
 * @property {number} done  How many of them it has got through.
 * @property {number} exported  How many of those could be exported.
 * @property {string[]} left_out  Lines about photos that were not to be exported.
 * @property {string[]} failed  Lines about those that could not be; the first ones.
 * @property {"under_way" | "complete" | "broken_off"} state
 *
 * @typedef {object} PatchHeader
 * @property {number} x0
 * @property {number} y0
 * @property {number} x1
 * @property {number} y1
 * @property {Photo | null} photo  Null in what is only foreseen.
 * @property {number | null} region
 *
 * @typedef {object} Labels  Region ids of a rectangle.
 * @property {Rect} header
 * @property {Uint16Array} labels  Row-major.
 *
 * @typedef {object} Patch
 * @property {PatchHeader} header
 * @property {Uint16Array} labels  Row-major region ids of the patch.
 *
 * @typedef {object} Rect  A rectangle, half-open: of display pixels, unless photo pixels are said.
 * @property {number} x0
 * @property {number} y0
 * @property {number} x1
 * @property {number} y1
 *
 * @typedef {object} View  Where the photo lies on the stage: screen = display * scale + (x, y), in CSS pixels.
 * @property {number} scale
 * @property {number} x
 * @property {number} y
 */
export {};
