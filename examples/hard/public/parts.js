// Elements with shadow roots, open and closed.
const style =
  '<style>button{font:inherit;margin:.2rem;padding:.4rem .8rem}input{font:inherit;padding:.3rem}</style>';

customElements.define(
  'hard-open',
  class extends HTMLElement {
    constructor() {
      super();
      this.attachShadow({
        mode: 'open',
      }).innerHTML = `${style}<button data-testid="in-open">In the open shadow</button><label>Shadow note <input data-testid="shadow-note"></label>`;
    }
  },
);

customElements.define(
  'hard-nested',
  class extends HTMLElement {
    constructor() {
      super();
      const outer = this.attachShadow({ mode: 'open' });
      outer.innerHTML = '<div><hard-leaf></hard-leaf></div>';
    }
  },
);

customElements.define(
  'hard-leaf',
  class extends HTMLElement {
    constructor() {
      super();
      this.attachShadow({
        mode: 'open',
      }).innerHTML = `${style}<button data-testid="in-leaf">Two shadows deep</button>`;
    }
  },
);

customElements.define(
  'hard-closed',
  class extends HTMLElement {
    constructor() {
      super();
      const root = this.attachShadow({ mode: 'closed' });
      root.innerHTML = `${style}<button>In the closed shadow</button><label>Closed note <input></label>`;
      // Tests have no other way in.
      this.focusInside = () => root.querySelector('input').focus();
    }
  },
);

customElements.define(
  'hard-framed',
  class extends HTMLElement {
    constructor() {
      super();
      this.attachShadow({ mode: 'open' }).innerHTML =
        '<iframe title="In a shadow" src="/frame/inner" width="280" height="120"></iframe>';
    }
  },
);
