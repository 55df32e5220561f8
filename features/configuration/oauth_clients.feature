@configuration @gate
Feature: Partners' applications act only for customers who authorise them
  Segment:          Free, Mid and Enterprise
  Business goal:    Let partners build on the platform
  Value impact:     Customers connect partners' applications without giving away a password
  Strategic impact: A partner ecosystem that cannot be used for phishing

  @CFG-05 @segment.free @segment.mid @segment.enterprise
  @needs.configuration @needs.applications @needs.operator
  Rule: An application gets codes at its registered addresses and nowhere else

    @needs.partner
    Scenario: A partner's application acts for the customer who authorised it
      Given Acme is an Enterprise customer
      When Acme authorises the partner's application, which exchanges the code
      Then the application acts as Acme
      And a second exchange of the code is refused

    Scenario Outline: A code is sent to an exactly registered address only
      Given Acme is a Mid customer
      When Acme is asked to authorise the application at <address>
      Then the request is refused because of the address
      And the request succeeds at the registered address

      Examples:
        | address                                            |
        | the registered address with more path              |
        | the registered address without its path            |
        | the registered address with a query                |
        | the registered address with a fragment             |
        | the registered address in different capitalisation |
        | the registered address unencrypted                 |
        | the registered address at a subdomain              |
        | the registered address at another port             |
        | another application's address                      |

    Scenario Outline: A code is good only for the application that asked for it
      Given Acme is a Free customer
      When Acme's authorization code is exchanged with <something else>
      Then the exchange is refused with an authentication error
      And a second exchange of the code is refused

      Examples:
        | something else              |
        | another PKCE verifier       |
        | another client secret       |
        | another registered address  |
        | another application's login |

    @needs.hot_reload @needs.partner
    Scenario: A replaced address is refused while the platform runs
      Given Acme is an Enterprise customer
      And Acme has authorised the partner's application
      When the operator replaces the application's registered addresses
      Then the request is refused at the former address and succeeds at the registered one in time

    @needs.own_services @needs.own_stores
    Scenario: An application of another environment is unknown
      Given Acme is an Enterprise customer
      And the development environment has an application of its own
      When the applications of both environments ask in each other's environment
      Then each environment refuses the other environment's application

    Scenario: Unsafe addresses are rejected in production
      Given a candidate with unsafe addresses of applications in production
      When the operator validates the candidate
      Then the report names every fault with its place, its key and the reason
