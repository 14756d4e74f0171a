// What a page needs where it is large: data that was deflated, stories whose headings are told
// once, layers that are made when first shown, and names that are written where there is room.
var DeqingShapes = (function () {
  "use strict";

  // ---------------------------------------------------------------- deflated data

  var LENGTH = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99,
    115, 131, 163, 195, 227, 258];
  var LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5,
    5, 5, 0];
  var BACK = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025,
    1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
  var ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

  // Of every bit pattern: the symbol it begins with and how many bits that takes.
  function codes(sizes) {
    var longest = 1, next = new Uint16Array(17), count = new Uint16Array(17), at, bits;
    sizes.forEach(function (size) { count[size] += 1; longest = Math.max(longest, size); });
    count[0] = 0;
    for (bits = 1; bits <= 15; bits++) { next[bits + 1] = (next[bits] + count[bits]) << 1; }
    var table = new Uint32Array(1 << longest);
    for (at = 0; at < sizes.length; at++) {
      var size = sizes[at];
      if (!size) { continue; }
      var code = next[size]++, turned = 0;
      for (bits = 0; bits < size; bits++) { turned |= ((code >> bits) & 1) << (size - 1 - bits); }
      for (bits = turned; bits < table.length; bits += 1 << size) { table[bits] = (at << 4) | size; }
    }
    return { table: table, bits: longest };
  }

  function repeat(size, times) { return new Array(times + 1).join(size + " ").trim().split(" ").map(Number); }

  // RFC 1951, as a reader of it.
  function inflate(from) {
    var place = 0, held = 0, have = 0, to = new Uint8Array(from.length * 6 + 1024), length = 0;
    function fill(count) {
      while (have < count) { held |= from[place++] << have; have += 8; }
    }
    function bits(count) {
      if (!count) { return 0; }
      fill(count);
      var value = held & ((1 << count) - 1);
      held >>>= count;
      have -= count;
      return value;
    }
    function symbol(code) {
      fill(code.bits);
      var found = code.table[held & ((1 << code.bits) - 1)], size = found & 15;
      held >>>= size;
      have -= size;
      return found >> 4;
    }
    function room(more) {
      if (length + more <= to.length) { return; }
      var larger = new Uint8Array(2 * (length + more));
      larger.set(to);
      to = larger;
    }
    function described() {
      var many = bits(5) + 257, far = bits(5) + 1, some = bits(4) + 4;
      var sizes = repeat(0, 19), at, all = [];
      for (at = 0; at < some; at++) { sizes[ORDER[at]] = bits(3); }
      var code = codes(sizes);
      while (all.length < many + far) {
        var what = symbol(code), last = all[all.length - 1];
        if (what < 16) { all.push(what); continue; }
        var times = what === 16 ? 3 + bits(2) : what === 17 ? 3 + bits(3) : 11 + bits(7);
        while (times--) { all.push(what === 16 ? last : 0); }
      }
      return [codes(all.slice(0, many)), codes(all.slice(many))];
    }
    for (var final = 0; !final;) {
      final = bits(1);
      var kind = bits(2);
      if (kind === 0) {
        bits(have & 7);
        var size = bits(16);
        bits(16);
        room(size);
        while (size--) { to[length++] = bits(8); }
        continue;
      }
      var both = kind === 2 ? described() : [
        codes(repeat(8, 144).concat(repeat(9, 112), repeat(7, 24), repeat(8, 8))), codes(repeat(5, 30))];
      for (;;) {
        var what = symbol(both[0]);
        if (what === 256) { break; }
        if (what < 256) { room(1); to[length++] = what; continue; }
        var long = LENGTH[what - 257] + bits(LENGTH_BITS[what - 257]), step = symbol(both[1]);
        var back = BACK[step] + bits(step < 2 ? 0 : (step >> 1) - 1);
        room(long);
        for (var end = length + long; length < end; length++) { to[length] = to[length - back]; }
      }
    }
    return to.subarray(0, length);
  }

  function unpack(text) {
    var raw = atob(text), from = new Uint8Array(raw.length);
    for (var at = 0; at < raw.length; at++) { from[at] = raw.charCodeAt(at); }
    return JSON.parse(new TextDecoder().decode(inflate(from)));
  }

  // A story of a few headings and what stands under each; it is put together when it is asked for.
  function stories(given) {
    if (!given.forms || !given.told || !Array.isArray(given.forms)) { return given; }
    return new Proxy(given.told, {
      get: function (told, key) {
        var one = Object.prototype.hasOwnProperty.call(told, key) ? told[key] : undefined;
        if (one === undefined) { return undefined; }
        var at = 2;
        return { name: one[1], parts: given.forms[one[0]].map(function (form) {
          var part = { title: form[0], rows: form[1].map(function (label) { return [label, one[at++]]; }) };
          if (form[2]) { part.text = one[at++]; }
          return part;
        }) };
      }
    });
  }

  // ---------------------------------------------------------------- shapes

  // A layer may draw the shapes of an earlier one, in its own order; also of another map's.
  var drawn = {};
  function outlines(data) {
    var shapes = data.shapes;
    if (data.like !== undefined) {
      var model = drawn[data.like];
      shapes = data.rows ? data.rows.map(function (at) { return model[at]; }) : model;
    }
    if (data.number !== undefined) { drawn[data.number] = shapes; }
    return shapes;
  }

  // Coordinates come as whole numbers, the first absolute and the others as steps.
  function path(flat, unit) {
    var out = [], x = 0, y = 0;
    for (var i = 0; i < flat.length; i += 2) {
      x += flat[i];
      y += flat[i + 1];
      out.push(new L.LatLng(y / unit, x / unit));
    }
    return out;
  }

  // Of very many shapes few are ever pointed at: each gets its tooltip and story when it is, from
  // what its layer keeps for all; and those that look alike share their look.
  var LEAN_FROM = 2000;
  function lean(kind, options, bind) {
    var own = { options: options, dgTell: function () {
      if (this.dgTold) { return false; }
      this.dgTold = true;
      bind(this, this.dgAt);
      return true;
    } };
    ["getPopup", "openPopup", "togglePopup", "getTooltip", "openTooltip", "toggleTooltip"].forEach(
      function (name) {
        own[name] = function () {
          this.dgTell();
          return kind.prototype[name].apply(this, arguments);
        };
      });
    return kind.extend(own);
  }
  // Makes the shapes of a layer, by the number of their style.
  function maker(styles, renderer, many, bind) {
    var kinds = {};
    return function (area, style, latlngs, at) {
      var kind = area ? L.Polygon : L.Polyline, drawn;
      if (many) {
        var name = style + (area ? "a" : "l");
        if (!kinds[name]) { kinds[name] = lean(kind, L.extend({ renderer: renderer }, styles[style]), bind); }
        drawn = new kinds[name](latlngs);
        drawn.dgAt = at;
      } else {
        drawn = new kind(latlngs, L.extend({ renderer: renderer }, styles[style]));
        bind(drawn, at);
      }
      return drawn;
    };
  }
  function listen(group) {
    group.on("mouseover click", function (event) {
      var drawn = event.propagatedFrom;
      if (!drawn || !drawn.dgTell || !drawn.dgTell()) { return; }
      if (event.type === "click") { drawn.openPopup(event.latlng); } else { drawn.openTooltip(event.latlng); }
    });
  }

  // A layer that is not shown at first is made when it is, or when something in it is looked for;
  // layers of a large page are made once it is known what the map looks at.
  function later(map, group, make) {
    var waiting = map.dgWaiting = map.dgWaiting || [], onAdd = group.onAdd;
    function build() {
      if (!make) { return; }
      var now = make;
      make = null;
      waiting.splice(waiting.indexOf(build), 1);
      now();
    }
    build.shown = function () { return map.hasLayer(group); };
    waiting.push(build);
    group.onAdd = function (to) {
      if (map.dgReady) { build(); }
      onAdd.call(group, to);
    };
  }
  function ready(map) {
    map.dgReady = true;
    (map.dgWaiting || []).slice().forEach(function (build) { if (build.shown()) { build(); } });
  }
  function find(map, key) {
    function known() { return map.dgShapes && map.dgShapes.get(key); }
    while (!known() && map.dgWaiting && map.dgWaiting.length) { map.dgWaiting[0](); }
    return known();
  }

  // ---------------------------------------------------------------- names

  // Numbers belong in their circles; what is small gives way first.
  var RANK = { "dg-number": -1, "": 0, "dg-small": 1 };

  var Names = L.Layer.extend({
    initialize: function (data) {
      this.kind = data.numbers ? "dg-number" : data.small ? "dg-small" : "";
      this.all = data.labels.map(function (label) {
        return { at: new L.LatLng(label[1] / data.unit, label[0] / data.unit), text: label[2], wide: -1 };
      });
    },
    onAdd: function (map) {
      this.box = document.createElement("div");
      this.box.className = "leaflet-zoom-hide";
      if (!map.getPane("dgNames")) { map.createPane("dgNames").style.zIndex = 645; }
      map.getPane("dgNames").appendChild(this.box);
      (map.dgNames = map.dgNames || []).push(this);
      // How wide a name is: measured without laying the page out anew for each.
      var probe = this.node("");
      this.box.appendChild(probe);
      var look = window.getComputedStyle(probe);
      this.font = look.fontWeight + " " + look.fontSize + " " + look.fontFamily;
      this.high = parseFloat(look.lineHeight) || 1.5 * parseFloat(look.fontSize);
      this.box.removeChild(probe);
    },
    onRemove: function (map) {
      map.dgNames.splice(map.dgNames.indexOf(this), 1);
      this.box.remove();
    },
    getBounds: function () { return L.latLngBounds(this.all.map(function (name) { return name.at; })); },
    node: function (text) {
      var node = document.createElement("div");
      node.className = "leaflet-tooltip dg-label " + this.kind;
      node.textContent = text;
      return node;
    }
  });

  // Boxes by the squares they lie in: a box is compared with its neighbours only.
  var SQUARE = 64;
  function Room() { this.squares = new Map(); }
  Room.prototype.each = function (box, act) {
    var right = Math.floor(box.right / SQUARE), bottom = Math.floor(box.bottom / SQUARE);
    for (var x = Math.floor(box.left / SQUARE); x <= right; x++) {
      for (var y = Math.floor(box.top / SQUARE); y <= bottom; y++) {
        if (act(x * 65536 + y)) { return; }
      }
    }
  };
  Room.prototype.add = function (box) {
    var squares = this.squares;
    this.each(box, function (square) {
      var found = squares.get(square);
      if (found) { found.push(box); } else { squares.set(square, [box]); }
    });
  };
  // The first box there, in the order they were added.
  Room.prototype.covered = function (box) {
    var squares = this.squares, first = null;
    this.each(box, function (square) {
      (squares.get(square) || []).forEach(function (other) {
        if (box.left < other.right && box.right > other.left && box.top < other.bottom &&
            box.bottom > other.top && (!first || other.order < first.order)) { first = other; }
      });
    });
    return first;
  };

  // The first name placed keeps its place; the others hide where they would cover it. A name that
  // would cover a mark stands below it. Of very many names only those that show are written.
  var FEW_NAMES = 300;
  function tidyNames(map) {
    var all = (map.dgNames || []).reduce(function (sum, set) { return sum + set.all.length; }, 0);
    var view = map.getSize(), corner = map.containerPointToLayerPoint([0, 0]);
    var marks = new Room(), placed = new Room(), count = 0;
    var pen = map.dgPen = map.dgPen || document.createElement("canvas").getContext("2d");
    (map.dgMarks || []).forEach(function (pair) {
      if (!map.hasLayer(pair[0])) { return; }
      var at = map.latLngToContainerPoint(pair[0].getLatLng()), r = pair[0].options.radius;
      marks.add({ left: at.x - r, right: at.x + r, top: at.y - r, bottom: at.y + r, order: count++ });
    });
    var sets = (map.dgNames || []).slice();
    sets.sort(function (a, b) { return RANK[a.kind] - RANK[b.kind]; });
    sets.forEach(function (set) {
      var shown = document.createDocumentFragment();
      pen.font = set.font;
      set.all.forEach(function (name) {
        var at = map.latLngToContainerPoint(name.at);
        function write(hidden) {
          if (hidden && all > FEW_NAMES) { return; }
          var node = set.node(name.text);
          node.classList.toggle("dg-hidden", hidden);
          node.style.transform = "translate3d(" + Math.round(at.x + corner.x) + "px," +
            Math.round(at.y + corner.y) + "px,0) translate(-50%,-50%)";
          shown.appendChild(node);
        }
        // Where a name stands already there is no need to measure this one.
        var spot = { left: at.x, right: at.x + 1, top: at.y, bottom: at.y + 1 };
        if (all > FEW_NAMES && placed.covered(spot)) { return; }
        if (name.wide < 0) { name.wide = pen.measureText(name.text).width + 2; }
        var box = { left: at.x - name.wide / 2, right: at.x + name.wide / 2, top: at.y - set.high / 2,
          bottom: at.y + set.high / 2, order: count++ };
        if (box.right < 0 || box.left > view.x || box.bottom < 0 || box.top > view.y) {
          write(true);
          return;
        }
        var mark = RANK[set.kind] >= 0 && marks.covered(box);
        if (mark) {
          var down = Math.ceil(mark.bottom - box.top);
          box.top += down;
          box.bottom += down;
          at.y += down;
        }
        var hidden = !!placed.covered(box);
        if (!hidden) { placed.add(box); }
        write(hidden);
      });
      set.box.textContent = "";
      set.box.appendChild(shown);
    });
  }

  return {
    unpack: unpack, inflate: inflate, stories: stories, outlines: outlines, path: path,
    LEAN_FROM: LEAN_FROM, maker: maker, listen: listen, later: later, ready: ready, find: find, names: function (data) { return new Names(data); }, tidyNames: tidyNames
  };
})();
